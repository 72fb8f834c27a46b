import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runMainInShell } from './testing.ts';

async function outcome(...args: Parameters<typeof runMainInShell>) {
  const program = runMainInShell(...args);
  program.endInput();
  return { code: await program.ended, errors: program.errors };
}

describe.runIf(existsSync('/dev/full'))('where stdout or stderr cannot be written', () => {
  test('an answer that is lost is a failure, and is told of', async () => {
    expect(await outcome(['--help'], '> /dev/full')).toEqual({
      code: 1,
      errors: 'error: the output cannot be written: ENOSPC: no space left on device, write.\n',
    });
    expect(await outcome(['completion', 'bash'], '> /dev/full')).toMatchObject({ code: 1 });
  });

  test('a command that wrote nothing there ends as it would elsewhere', async () => {
    expect(await outcome(['topic', 'lst'], '> /dev/full')).toMatchObject({
      code: 2,
      errors: expect.not.stringContaining('the output cannot be written'),
    });
  });

  test('what is for people and cannot be said changes nothing', async () => {
    expect(await outcome(['topic', 'lst'], '2> /dev/full')).toEqual({ code: 2, errors: '' });
    expect(await outcome(['topic', 'list', '-b', 'localhost:1'], '2> /dev/full')).toEqual({ code: 4, errors: '' });
  });

  test('a reader that goes away is no failure', async () => {
    expect(await outcome(['completion', 'bash'], '| true')).toEqual({ code: 0, errors: '' });
  });
});
