import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Line } from './history-file.ts';

/** A batch of values that a client sent to a partition. */
export interface Send {
  readonly process: string;
  readonly partition: number;
  /** See {@link History.text}; they stand one after the other in the log, if anywhere. */
  readonly values: readonly number[];
  /** Milliseconds, monotonic, of one clock for all. */
  readonly invokedAt: number;
  /** Infinity without an answer. */
  readonly completedAt: number;
  /** `ok`: acknowledged. `fail`: certainly not in the log. `info`: there once or not at all. */
  readonly outcome: 'ok' | 'fail' | 'info';
  /** Of the first value; undefined also where the broker does not tell. */
  readonly offset: number | undefined;
  /** The values of a stream (see {@link streamOf}) have to be in the order of their numbers: its producer is idempotent. */
  readonly isOrdered: boolean;
}

/** What one fetch gave. */
export interface Read {
  readonly process: string;
  readonly broker: number;
  readonly partition: number;
  /** The offset that was asked for. */
  readonly asked: number;
  readonly values: readonly number[];
  /** Of each value; undefined when they follow on `asked` without a gap. */
  readonly offsets: readonly number[] | undefined;
  /** As told with the values; undefined where it is not. */
  readonly highWatermark: number | undefined;
  /** Asked for an offset up to which this process had read, and told that there is no such offset. */
  readonly isOutOfRange: boolean;
  /** The number of the reading of everything, after the faults, that it belongs to. */
  readonly finalReading: number | undefined;
}

/** The end of a partition, as ListOffsets told. */
export interface End {
  readonly process: string;
  readonly partition: number;
  readonly offset: number;
}

/** All that clients did and saw, for checkers. Values are numbers here; offsets are whole numbers below 2^53. */
export class History {
  readonly sends: Send[] = [];
  readonly reads: Read[] = [];
  /** In the order in which each process saw them. */
  readonly ends: End[] = [];
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();

  /** How many values are known. */
  get size(): number {
    return this.#texts.length;
  }

  idOf(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  text(value: number): string {
    return this.#texts[value]!;
  }

  /** The numbers of the final readings, in order. */
  get finalReadings(): number[] {
    return [...new Set(this.reads.flatMap(({ finalReading }) => finalReading ?? []))].sort((a, b) => a - b);
  }

  /** What one final reading found: for each partition the value at each offset. */
  finalLogs(reading: number): Map<number, number[]> {
    const logs = new Map<number, number[]>();
    for (const read of this.reads) {
      if (read.finalReading !== reading) continue;
      const log = logs.get(read.partition) ?? [];
      logs.set(read.partition, log);
      read.values.forEach((value, i) => {
        log[offsetOf(read, i)] = value;
      });
    }
    return logs;
  }
}

export function offsetOf(read: Read, index: number): number {
  return read.offsets?.[index] ?? read.asked + index;
}

/** Values are made as stream/partition/number; one stream is written by one incarnation of one producer. */
export function streamOf(text: string): { stream: string; number: number } {
  const end = text.lastIndexOf('/');
  return { stream: text.slice(0, end), number: Number(text.slice(end + 1)) };
}

/** Reads what {@link HistoryFile} wrote. Sends that have no answer by its end are `info`. */
export async function loadHistory(file: string): Promise<History> {
  const history = new History();
  const open = new Map<number, Extract<Line, { f: 'send'; type: 'invoke' }>>();
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    if (line.f === 'send' && line.type === 'invoke') open.set(line.op, line);
    else if (line.f === 'send') {
      const invoked = open.get(line.op)!;
      open.delete(line.op);
      history.sends.push(sendOf(history, invoked, { outcome: line.type, at: line.at, offset: line.offset }));
    } else if (line.f === 'read' && line.type === 'ok') {
      const { process, broker, partition, asked, offsets, highWatermark, finalReading } = line;
      const values = line.values.map((value) => history.idOf(value));
      const isOutOfRange = line.isOutOfRange === true;
      history.reads.push({ process, broker, partition, asked, values, offsets, highWatermark, finalReading, isOutOfRange });
    } else if (line.f === 'end' && line.type === 'ok') {
      history.ends.push({ process: line.process, partition: line.partition, offset: line.offset });
    }
  }
  for (const invoked of open.values()) {
    history.sends.push(sendOf(history, invoked, { outcome: 'info', at: Number.POSITIVE_INFINITY, offset: undefined }));
  }
  return history;
}

function sendOf(
  history: History,
  { process, partition, values, at, isOrdered }: Extract<Line, { f: 'send'; type: 'invoke' }>,
  answer: { outcome: Send['outcome']; at: number; offset: number | undefined },
): Send {
  return {
    process,
    partition,
    values: values.map((value) => history.idOf(value)),
    invokedAt: at,
    completedAt: answer.outcome === 'info' ? Number.POSITIVE_INFINITY : answer.at,
    outcome: answer.outcome,
    offset: answer.offset,
    isOrdered,
  };
}
