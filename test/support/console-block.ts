/** A command of a `console` block, and what the block says that it prints. */
export interface Shown {
  readonly command: string;
  readonly prints: string;
  /** It goes on until Ctrl-C, which the block shows as ^C. */
  readonly isInterrupted: boolean;
}

/** What stands behind each `$ `, with the lines up to the next one. */
export function shownIn(code: string): Shown[] {
  return code
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...lines] = part.trimEnd().split('\n');
      const isInterrupted = lines.at(-1) === '^C';
      if (isInterrupted) lines.pop();
      return { command: command!, prints: lines.map((line) => `${line}\n`).join(''), isInterrupted };
    });
}

/** A terminal's environment: the variables that `export NAME=VALUE` has set so far. @returns whether the command was one */
export function exported(command: string, variables: Record<string, string>): boolean {
  const [, name, value] = /^export (\w+)=(\S*)$/.exec(command) ?? [];
  if (name === undefined) return false;
  variables[name] = value!;
  return true;
}
