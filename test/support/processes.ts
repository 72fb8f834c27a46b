import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program left behind when it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. `input` goes to its standard input. @throws when it has not ended after `timeoutMs` (it is killed then) */
export async function run(
  command: string,
  args: readonly string[],
  options: { input?: string | Buffer; timeoutMs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, cwd: options.cwd });
  const stdout = collect(child, 'stdout');
  const stderr = collect(child, 'stderr');
  child.stdin.on('error', () => {}); // it may end before it has read everything
  child.stdin.end(options.input ?? '');
  const timeoutMs = options.timeoutMs ?? 60_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (late) throw new Error(`${command} ${args.join(' ')} was still running after ${timeoutMs} ms\n${stdout()}\n${stderr()}`);
  return { code, signal, stdout: stdout(), stderr: stderr() };
}

/** The same, for a program that must succeed. @returns what it printed on stdout */
export async function succeed(command: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<string> {
  const ended = await run(command, args, options);
  if (ended.code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.code ?? ended.signal}\n${ended.stdout}\n${ended.stderr}`);
  return ended.stdout;
}

/** Gathers what a child prints; call the result for the text so far. */
export function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  child[stream]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
