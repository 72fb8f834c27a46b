import { vi } from 'vitest';
import { run } from './program.ts';

/** For tests: runs the command line in this process, much quicker than in one of its own. Nothing comes in on stdin. */
export async function inProcess(args: readonly string[]): Promise<{ code: number; output: string; errors: string }> {
  const said = { output: '', errors: '' };
  const into = (where: keyof typeof said) =>
    ((chunk: string | Uint8Array, done?: () => void) => {
      said[where] += Buffer.from(chunk as Uint8Array).toString();
      done?.();
      return true;
    }) as typeof process.stdout.write;
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(into('output')),
    vi.spyOn(process.stderr, 'write').mockImplementation(into('errors')),
  ];
  try {
    return { code: await run(args), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
