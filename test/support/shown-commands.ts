import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { commandLine } from '#cli/program.ts';
import { run } from './processes.ts';

const root = join(import.meta.dirname, '..', '..');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

/** The code in running text and in tables, without the backticks. Blocks are no part of it. */
export function spansOf(text: string): string[] {
  return [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!.replaceAll('\\|', '|'));
}

/** What is wrong with each `npm run` of a text, be it in a block or not: no such script, or no such flag. */
export function wrongScripts(text: string): string[] {
  const calls = text.matchAll(/\bnpm run (?<name>[\w:-]+)(?: -- (?<args>[^`#|;&\n]*))?/g);
  return [...calls].flatMap(({ groups }) => {
    const { name = '', args = '' } = groups!;
    if (!(name in scripts)) return [`npm run ${name}: there is no such script`];
    const flags = flagsOfScript(name);
    return flagsIn(args).flatMap((flag) => (flags.has(flag) ? [] : [`npm run ${name}: it has no ${flag}`]));
  });
}

/** What npm would run for a line that a page shows, without its comment; a line that is not npm's is as it was. @throws Error when there is no such script */
export function withoutNpm(line: string): string {
  const command = line.replace(/ +#.*$/, '');
  const [, name, args = ''] = /^npm (?:run )?((?<=run )[\w:-]+|start|test)(?: -- (.*))?$/.exec(command) ?? [];
  if (name === undefined) return command;
  if (!(name in scripts)) throw new Error(`${line}: there is no script ${name}`);
  return `${scripts[name]!} ${args}`.trimEnd();
}

/** Runs a command as npm would, with the programs of the project's dependencies on PATH. */
export function runAsNpm(command: string, timeoutMs: number): ReturnType<typeof run> {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`;
  return run('bash', ['-c', `exec ${command}`], { cwd: root, timeoutMs, env: { PATH: path } });
}

/** The file that a script of package.json has Node or bash run; the script itself where there is none. */
export function programOf(name: string): string {
  return /\b(?:node|bash) (?:--\S+ )*(\S+)/.exec(scripts[name]!)?.[1] ?? scripts[name]!;
}

/** Those that the program behind a script of package.json reads. */
export function flagsOfScript(name: string): ReadonlySet<string> {
  const program = /\bnode (?:--\S+ )*(\S+\.ts)/.exec(scripts[name]!)?.[1];
  return program === undefined ? new Set() : flagsOfProgram(program);
}

export function flagsOfProgram(path: string): ReadonlySet<string> {
  if (!existsSync(join(root, path))) return new Set();
  const options = readFileSync(join(root, path), 'utf8').matchAll(/['\s]([\w-]+)'?: \{ type: '(?:string|boolean)'/g);
  return new Set([...options].map(([, option]) => `--${option}`));
}

export function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<=^|[\s[])--[a-z][\w-]*/g)].map(([flag]) => flag);
}

const allCommands = () => commandLine(undefined, () => {});

/** The names of all commands, and what they are called for short. */
export function commandNames(): string[] {
  return allCommands().commands.flatMap((command) => [command.name(), ...command.aliases()]);
}

/** All flags, long and short, of the commands of these names and of those below them; without names, of all. */
export function flagsOfCommands(names: readonly string[] = []): ReadonlySet<string> {
  const program = allCommands();
  const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)];
  const chosen = names.length === 0 ? [program] : program.commands.filter((command) => names.includes(command.name()));
  const options = chosen.flatMap(below).flatMap((command) => command.options);
  return new Set(['--help', '-h', ...options.flatMap(({ long, short }) => [long ?? '', short ?? ''])]);
}

/**
 * What the command line has to say against words that a page shows, without doing what they ask for. A form counts as well: what is in brackets is
 * read like the rest, and arguments may be missing, as in `topic describe`.
 */
export function complaintAbout(words: string): string | undefined {
  const program = allCommands();
  withoutActions(program);
  try {
    // Up to what a shell takes for itself, to another program's words, or to a second dialogue beside this one.
    const own = words.split(/ [|<>] | -- | {2,}/)[0]!.replace('COMMAND --help', '--help');
    const args = own.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
    program.parse(
      args.map((arg) => arg.replaceAll(/^\[|\]$|['"]/g, '')),
      { from: 'user' },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isForm = ['commander.missingArgument', 'commander.optionMissingArgument', 'commander.missingMandatoryOptionValue'];
    return error.exitCode === 0 || isForm.includes(error.code) ? undefined : error.message;
  }
}

function withoutActions(command: Command): void {
  const silent = () => {};
  command.configureOutput({ writeOut: silent, writeErr: silent }).exitOverride();
  // One that has others below it and nothing to do by itself shows its help.
  if (command.commands.length === 0) command.action(silent);
  for (const each of command.commands) withoutActions(each);
}
