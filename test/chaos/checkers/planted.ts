import { History, type Read, type Send } from '../history.ts';

type Planted<T> = { -readonly [K in keyof T]: T[K] };

/** A history that is made by hand. Everything in it can be changed afterwards, to plant an anomaly. */
export class PlantedHistory extends History {
  declare readonly sends: Planted<Send>[];
  declare readonly reads: Planted<Read>[];

  send(text: string, times: readonly [number, number], more: Partial<Omit<Send, 'values'>> = {}): Planted<Send> {
    const [invokedAt, completedAt] = times;
    const send: Planted<Send> = {
      process: text.split('/')[0]!,
      partition: 0,
      values: text.split(',').map((value) => this.idOf(value)),
      invokedAt,
      completedAt,
      outcome: 'ok',
      offset: undefined,
      isOrdered: true,
      ...more,
    };
    this.sends.push(send);
    return send;
  }

  read(asked: number, texts: readonly string[], more: Partial<Omit<Read, 'values'>> = {}): Planted<Read> {
    const read: Planted<Read> = {
      process: 'reader',
      broker: 1,
      partition: 0,
      asked,
      values: texts.map((text) => this.idOf(text)),
      offsets: undefined,
      highWatermark: undefined,
      isOutOfRange: false,
      finalReading: undefined,
      ...more,
    };
    this.reads.push(read);
    return read;
  }
}

/**
 * Two producers, of which each waits for its acknowledgement before it sends on, and a reader that follows them; then two final readings.
 * One send of producer c had no answer and is there, one had none and is not; one was refused and is not there.
 */
export function cleanHistory(): PlantedHistory {
  const history = new PlantedHistory();
  history.send('a/0/0,a/0/1', [0, 10], { offset: 0 });
  history.send('b/0/0', [5, 12], { offset: 2 });
  history.send('a/0/2', [20, 30], { offset: 4 });
  history.send('b/0/1', [22, 35], { offset: 5 });
  history.send('c/0/0', [8, Number.POSITIVE_INFINITY], { outcome: 'info', isOrdered: false });
  history.send('c/0/1', [15, Number.POSITIVE_INFINITY], { outcome: 'info', isOrdered: false });
  history.send('c/0/2', [25, 26], { outcome: 'fail', isOrdered: false });
  history.read(0, ['a/0/0', 'a/0/1', 'b/0/0'], { highWatermark: 3 });
  history.read(3, ['c/0/0', 'a/0/2'], { highWatermark: 5 });
  history.ends.push({ process: 'reader', partition: 0, offset: 3 }, { process: 'reader', partition: 0, offset: 5 });
  for (const finalReading of [1, 2]) {
    history.read(0, ['a/0/0', 'a/0/1', 'b/0/0', 'c/0/0', 'a/0/2', 'b/0/1'], { process: 'final', finalReading, highWatermark: 6 });
  }
  return history;
}

/** A long one, of `count` sends of one value by eight producers, each read once by a reader and once in the end. */
export function longHistory(count: number): PlantedHistory {
  const history = new PlantedHistory();
  const partitions = 6;
  const logs = Array.from({ length: partitions }, () => [] as string[]);
  const numbers = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const partition = i % partitions;
    const stream = `p${i % 8}/${partition}`;
    const number = numbers.get(stream) ?? 0;
    numbers.set(stream, number + 1);
    const text = `${stream}/${number}`;
    history.send(text, [i, i + 5], { partition, offset: logs[partition]!.push(text) - 1 });
  }
  for (const [partition, log] of logs.entries()) {
    for (const finalReading of [undefined, 1]) {
      for (let from = 0; from < log.length; from += 500) {
        history.read(from, log.slice(from, from + 500), { partition, finalReading, highWatermark: log.length });
      }
    }
  }
  return history;
}
