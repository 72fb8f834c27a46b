import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

const ask = 'kafka-lite-cluster complete --';

/** What each shell has to read once. Typed words are handed on as they are, and never evaluated. */
const scripts = {
  bash: `_kafka_lite_cluster() {
  local word about
  COMPREPLY=()
  while IFS=$'\\t' read -r word about; do
    COMPREPLY+=("$word")
  done < <(${ask} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _kafka_lite_cluster kafka-lite-cluster
`,
  // Read by compinit from a folder of $fpath, the file is the function's first call; sourced, it only defines.
  zsh: `#compdef kafka-lite-cluster
_kafka-lite-cluster() {
  local -a found
  local word about
  while IFS=$'\\t' read -r word about; do
    found+=("\${word//:/\\\\:}\${about:+:$about}")
  done < <(${ask} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe kafka-lite-cluster found; else _files; fi
}
if [[ "\${funcstack[1]}" = _kafka-lite-cluster ]]; then _kafka-lite-cluster; else compdef _kafka-lite-cluster kafka-lite-cluster; fi
`,
  fish: `function __kafka_lite_cluster
  set -l found (${ask} (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c kafka-lite-cluster -f -a '(__kafka_lite_cluster)'
`,
  pwsh: `Register-ArgumentCompleter -Native -CommandName kafka-lite-cluster -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '""' }
  ${ask} @words 2>$null | ForEach-Object {
    $word, $about = $_ -split "\`t", 2
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $(if ($about) { $about } else { $word }))
  }
}
`,
} as const;

export const shells: readonly string[] = Object.keys(scripts);

/** @throws CliError for a shell that is not known */
export function completionScript(shell: string): string {
  const script = shell === 'powershell' ? scripts.pwsh : scripts[shell as keyof typeof scripts];
  if (script === undefined) throw new CliError(`There is no completion for ${shell}. Use ${shells.join(', ')}.`, exitCodes.usage);
  return script;
}
