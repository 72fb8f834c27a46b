import type { Command } from 'commander';
import { type ExitCode, exitCodesHelp } from '../exit-codes.ts';

/** Adds `completion`. */
export function addCompletion(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('completion <shell>')
    .description('print what completes this command in bash, zsh, fish or pwsh')
    .addHelpText(
      'after',
      `
Examples:
  kafka-lite-cluster completion bash > ~/.local/share/bash-completion/completions/kafka-lite-cluster
  source <(kafka-lite-cluster completion zsh)
  kafka-lite-cluster completion fish > ~/.config/fish/completions/kafka-lite-cluster.fish
  kafka-lite-cluster completion pwsh | Out-String | Invoke-Expression
Names of topics and groups are asked of the cluster that -b or KAFKA_BOOTSTRAP_SERVERS names.
${exitCodesHelp({ 3: null, 4: null })}`,
    )
    .action(async (shell: string) => done((await import('./index.ts')).printCompletion(shell)));
}
