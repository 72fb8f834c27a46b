import { type ChildProcess, spawn } from 'node:child_process';
import { collect } from '../../support/processes.ts';

const properties = { 'isolation.level': 'read_committed', 'topic.metadata.refresh.interval.ms': 1000 };

/**
 * kcat, which follows the committed records of a topic from the beginning. It ends when it has no connection to any broker any more, which happens where brokers are killed in turn
 * as it comes back to each only when it needs it; then another one begins.
 */
export class KcatReader {
  readonly #args: readonly string[];
  readonly #earlier: string[] = [];
  #child!: ChildProcess;
  #printed!: () => string;
  #said!: () => string;
  #isStopped = false;

  constructor(bootstrap: string, topic: string) {
    const options = Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
    this.#args = ['-C', '-b', bootstrap, '-t', topic, '-u', '-o', 'beginning', ...options, '-f', '%p %s\\n'];
    this.#start();
  }

  /** What the present one has read, by partition. */
  values(partitions: number): string[][] {
    return valuesIn(this.#printed(), partitions);
  }

  /** What each of those had read that have ended. */
  earlier(partitions: number): string[][][] {
    return this.#earlier.map((text) => valuesIn(text, partitions));
  }

  get said(): string {
    return this.#said();
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.kill('SIGKILL');
  }

  #start(): void {
    const child = spawn('kcat', this.#args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#printed = collect(child, 'stdout');
    this.#said = collect(child, 'stderr');
    child.once('close', () => {
      if (this.#isStopped) return;
      this.#earlier.push(this.#printed());
      this.#start();
    });
  }
}

function valuesIn(text: string, partitions: number): string[][] {
  // The last line may not be whole.
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .map((line) => line.split(' '));
  return Array.from({ length: partitions }, (_, partition) => lines.filter(([of]) => of === String(partition)).map(([, value]) => value!));
}
