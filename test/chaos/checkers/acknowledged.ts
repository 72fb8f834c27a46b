import { type History, offsetOf } from '../history.ts';

/** An acknowledged value that a final reading did not find. */
export interface Absent {
  readonly reading: number;
  readonly partition: number;
  readonly value: number;
  /** Where it was acknowledged; undefined where the broker did not tell. */
  readonly offset: number | undefined;
  /** The final reading went past that offset, or somebody has read the value: it was in the log and is gone. */
  readonly wasThere: boolean;
}

/** What was acknowledged and is not there at the end; {@link lost} and {@link unseen} share it between them. */
export function* absentValues(history: History): Generator<Absent, void, undefined> {
  const wasRead = new Uint8Array(history.size);
  for (const { values } of history.reads) for (const value of values) wasRead[value] = 1;
  // A history without a final reading proves nothing: all is unseen.
  for (const reading of history.finalReadings.length > 0 ? history.finalReadings : [0]) {
    const ends = new Map<number, number>();
    const isThere = new Uint8Array(history.size);
    for (const read of history.reads) {
      if (read.finalReading !== reading) continue;
      read.values.forEach((value, i) => {
        isThere[value] = 1;
        ends.set(read.partition, Math.max(ends.get(read.partition) ?? 0, offsetOf(read, i) + 1));
      });
    }
    for (const { outcome, values, offset, partition } of history.sends) {
      if (outcome !== 'ok') continue;
      for (const [i, value] of values.entries()) {
        if (isThere[value] === 1) continue;
        const itsOffset = offset === undefined ? undefined : offset + i;
        const wasThere = wasRead[value] === 1 || (itsOffset !== undefined && itsOffset < (ends.get(partition) ?? 0));
        yield { reading, partition, value, offset: itsOffset, wasThere };
      }
    }
  }
}
