import { Command } from 'commander';
import { expect, test } from 'vitest';
import { flagValue, suggestionsFor } from './suggestions.ts';

const program = new Command('k');
program
  .command('consume [topic]')
  .option('-b, --bootstrap-server <host:port>', 'brokers')
  .option('-e, --exit', 'end')
  .option('-z, --compression <codec>', 'codec');
program.command('completion <shell>');
program.command('config').command('set <kind> <name>');
const topic = program.command('topic');
topic.command('copy <topic>').alias('cp');

const of = (...words: string[]) => {
  const { words: found, names } = suggestionsFor(program, words);
  return { words: found.map(({ word }) => word), names };
};

test('names are suggested where names belong', () => {
  expect(of('consume', '')).toEqual({ words: [], names: 'topics' });
  expect(of('topic', 'cp', 'o')).toEqual({ words: [], names: 'topics' });
  expect(of('consume', '-e', '')).toEqual({ words: [], names: 'topics' });
});

test('nothing is suggested for the value of a flag', () => {
  expect(of('consume', '-b', '')).toEqual({ words: [], names: undefined });
  expect(of('consume', '-b', 'topic', '--e')).toEqual({ words: ['--exit'], names: undefined });
});

test('where there is a list to choose from it is suggested', () => {
  expect(of('completion', 'z').words).toEqual(['zsh']);
  expect(of('config', 'set', '').words).toEqual(['topic', 'broker', 'group']);
  expect(of('config', 'set', 'topic', '')).toEqual({ words: [], names: 'topics' });
  expect(of('consume', '-z', '').words).toEqual(['none', 'gzip', 'snappy', 'lz4', 'zstd']);
  expect(of('consume', 'orders', '--compression', 'z').words).toEqual(['zstd']);
});

test('a value is found however the shell cuts it', () => {
  expect(flagValue(['--meta'], ['x', '--meta', '=', 'h', ':', '1'])).toBe('h:1');
  expect(flagValue(['--meta', '-b'], ['-b', 'h:1', ''])).toBe('h:1');
  expect(flagValue(['--meta'], ['consume'])).toBeUndefined();
});
