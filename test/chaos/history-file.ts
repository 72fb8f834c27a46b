import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';

interface SendInvoked {
  readonly op: number;
  readonly process: string;
  readonly f: 'send';
  readonly type: 'invoke';
  readonly at: number;
  readonly partition: number;
  readonly values: readonly string[];
  readonly isOrdered: boolean;
}

interface SendCompleted {
  readonly op: number;
  readonly process: string;
  readonly f: 'send';
  readonly type: 'ok' | 'fail' | 'info';
  readonly at: number;
  readonly offset?: number;
  readonly error?: string;
}

interface ReadInvoked {
  readonly op: number;
  readonly process: string;
  readonly f: 'read' | 'end';
  readonly type: 'invoke';
  readonly at: number;
  readonly broker: number;
  readonly partition: number;
  readonly asked?: number;
}

interface ReadCompleted {
  readonly op: number;
  readonly process: string;
  readonly f: 'read';
  readonly type: 'ok';
  readonly at: number;
  readonly broker: number;
  readonly partition: number;
  readonly asked: number;
  readonly values: readonly string[];
  /** Left out when they follow on `asked`. */
  readonly offsets?: readonly number[];
  readonly highWatermark?: number;
  readonly isOutOfRange?: boolean;
  readonly finalReading?: number;
}

interface EndCompleted {
  readonly op: number;
  readonly process: string;
  readonly f: 'end';
  readonly type: 'ok';
  readonly at: number;
  readonly partition: number;
  readonly offset: number;
}

interface Fault {
  readonly process: 'nemesis';
  readonly f: 'fault';
  readonly type: 'info';
  readonly at: number;
  readonly what: string;
}

/** One line of a history file. */
export type Line = SendInvoked | SendCompleted | ReadInvoked | ReadCompleted | EndCompleted | Fault;

/** A send that was begun. */
export interface OpenSend {
  readonly op: number;
  readonly process: string;
}

/** What a fetch gave, and when it was asked for. */
export interface ReadResult {
  readonly process: string;
  readonly broker: number;
  readonly partition: number;
  readonly asked: number;
  readonly invokedAt: number;
  readonly records: readonly { readonly offset: number; readonly value: string }[];
  readonly highWatermark?: number;
  readonly isOutOfRange?: boolean;
  readonly finalReading?: number;
}

/** Counts of one process, for tables. */
export interface Counts {
  ok: number;
  fail: number;
  info: number;
  read: number;
}

/**
 * The history as a file, a JSON object a line, only ever added to: each send when it is begun and when its outcome is known; of reads
 * those that gave something. All times are of this process.
 */
export class HistoryFile {
  readonly path: string;
  readonly counts = new Map<string, Counts>();
  /** Of each partition: the longest time without an acknowledgement, and when the last one came. */
  readonly gaps = new Map<number, { lastAt: number; longestMs: number }>();
  readonly #stream: WriteStream;
  readonly #start = performance.now();
  #ops = 0;

  constructor(path: string) {
    this.path = path;
    this.#stream = createWriteStream(path, { flags: 'a' });
  }

  /** Milliseconds since the history began. */
  now(): number {
    return Math.round((performance.now() - this.#start) * 1000) / 1000;
  }

  send(process: string, partition: number, values: readonly string[], isOrdered: boolean): OpenSend {
    const op = this.#ops++;
    this.#write({ op, process, f: 'send', type: 'invoke', at: this.now(), partition, values, isOrdered });
    return { op, process };
  }

  ok({ op, process }: OpenSend, partition: number, offset: number | undefined, count: number): void {
    const at = this.now();
    this.#countsOf(process).ok += count;
    const gap = this.gaps.get(partition) ?? { lastAt: at, longestMs: 0 };
    this.gaps.set(partition, { lastAt: at, longestMs: Math.max(gap.longestMs, at - gap.lastAt) });
    this.#write({ op, process, f: 'send', type: 'ok', at, ...(offset === undefined ? {} : { offset }) });
  }

  fail({ op, process }: OpenSend, error: string, count: number): void {
    this.#countsOf(process).fail += count;
    this.#write({ op, process, f: 'send', type: 'fail', at: this.now(), error });
  }

  info({ op, process }: OpenSend, error: string, count: number): void {
    this.#countsOf(process).info += count;
    this.#write({ op, process, f: 'send', type: 'info', at: this.now(), error });
  }

  read({ invokedAt, records, ...rest }: ReadResult): void {
    const op = this.#ops++;
    const { process, broker, partition, asked } = rest;
    this.#countsOf(process).read += records.length;
    const isConsecutive = records.every(({ offset }, i) => offset === asked + i);
    const offsets = isConsecutive ? {} : { offsets: records.map(({ offset }) => offset) };
    this.#write({ op, process, f: 'read', type: 'invoke', at: invokedAt, broker, partition, asked });
    this.#write({ op, f: 'read', type: 'ok', at: this.now(), ...rest, ...offsets, values: records.map(({ value }) => value) });
  }

  end(process: string, broker: number, partition: number, invokedAt: number, offset: number): void {
    const op = this.#ops++;
    this.#write({ op, process, f: 'end', type: 'invoke', at: invokedAt, broker, partition });
    this.#write({ op, process, f: 'end', type: 'ok', at: this.now(), partition, offset });
  }

  fault(what: string): void {
    this.#write({ process: 'nemesis', f: 'fault', type: 'info', at: this.now(), what });
  }

  /** What the processes whose name begins so have done, in all. */
  total(prefix = ''): Counts {
    const sum = { ok: 0, fail: 0, info: 0, read: 0 };
    for (const [process, { ok, fail, info, read }] of this.counts) {
      if (!process.startsWith(prefix)) continue;
      sum.ok += ok;
      sum.fail += fail;
      sum.info += info;
      sum.read += read;
    }
    return sum;
  }

  async close(): Promise<void> {
    this.#stream.end();
    await once(this.#stream, 'close');
  }

  #countsOf(process: string): Counts {
    const known = this.counts.get(process);
    if (known !== undefined) return known;
    const counts = { ok: 0, fail: 0, info: 0, read: 0 };
    this.counts.set(process, counts);
    return counts;
  }

  #write(line: Line): void {
    this.#stream.write(`${JSON.stringify(line)}\n`);
  }
}
