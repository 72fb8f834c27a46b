import type { Command, Option } from 'commander';
import { firstArguments, valuesOfFlags } from './values.ts';

/** A word that may come next, and what it is for. */
export interface Suggestion {
  readonly word: string;
  readonly about: string;
}

export type Names = 'topics' | 'groups';

/** Which commands take names that a cluster knows. */
const named: Readonly<Record<string, Names>> = {
  'topic describe': 'topics',
  'topic delete': 'topics',
  'topic copy': 'topics',
  'config describe topic': 'topics',
  'config set topic': 'topics',
  'config unset topic': 'topics',
  consume: 'topics',
  produce: 'topics',
  tail: 'topics',
  'group describe': 'groups',
  'group delete': 'groups',
  'group reset': 'groups',
  'group delete-offsets': 'groups',
};

export interface Suggestions {
  readonly words: readonly Suggestion[];
  /** What the cluster is to be asked for, too. */
  readonly names: Names | undefined;
  /** What is typed of the last word. */
  readonly typed: string;
}

/** @param words what is typed behind the program's name, the last word unfinished (or empty) */
export function suggestionsFor(program: Command, words: readonly string[]): Suggestions {
  const whole = joined(words);
  const typed = whole.at(-1) ?? '';
  let command = program;
  const path: string[] = [];
  let before: string | undefined;
  for (const word of whole.slice(0, -1)) {
    const isValue = before !== undefined && flagThatTakes(command, before) !== undefined;
    const next =
      word.startsWith('-') || isValue ? undefined : command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next !== undefined) command = next;
    if (!word.startsWith('-') && !isValue) path.push(next?.name() ?? word);
    before = word;
  }
  const flag = before === undefined ? undefined : flagThatTakes(command, before);
  if (flag !== undefined)
    return { words: beginning(valuesOfFlags[flag.long ?? before!] ?? valuesOfFlags[before!] ?? [], typed), names: undefined, typed };
  const help = command.createHelp();
  if (typed.startsWith('-')) {
    const flags = help.visibleOptions(command).flatMap(({ long, description }) => (long ? [{ word: long, about: description }] : []));
    return { words: flags.filter(({ word }) => word.startsWith(typed)), names: undefined, typed };
  }
  const commands = help.visibleCommands(command).map((each) => ({ word: each.name(), about: each.description() }));
  const key = Object.keys(named).find((name) => `${path.join(' ')} `.startsWith(`${name} `));
  const values = firstArguments[path.join(' ')] ?? [];
  return {
    words: [...commands.filter(({ word }) => word.startsWith(typed)), ...beginning(values, typed)],
    names: key === undefined ? undefined : named[key],
    typed,
  };
}

/** The value of a flag that is typed as `--flag value` or `--flag=value`, the first of those that are there. */
export function flagValue(flags: readonly string[], words: readonly string[]): string | undefined {
  const whole = joined(words);
  for (const [index, word] of whole.entries()) {
    const [flag, value] = word.split(/=(.*)/s);
    if (flags.includes(flag!)) return value || whole[index + 1];
  }
  return undefined;
}

function beginning(values: readonly string[], typed: string): Suggestion[] {
  return values.filter((value) => value.startsWith(typed)).map((word) => ({ word, about: '' }));
}

/** The flag whose value the next word is, if it is one. */
function flagThatTakes(command: Command, word: string): Option | undefined {
  return command.options.find((option) => (option.short === word || option.long === word) && option.required);
}

/** bash makes three words of --meta=localhost:8080; PowerShell has no way to hand over an empty one. */
function joined(words: readonly string[]): string[] {
  const whole: string[] = [];
  let isOpen = false;
  for (const word of words.map((each) => (each === '""' ? '' : each))) {
    const isBreak = word === '=' || word === ':';
    if ((isBreak || isOpen) && whole.length > 0) whole[whole.length - 1] += word;
    else whole.push(word);
    isOpen = isBreak;
  }
  return whole;
}
