import { parseValue, type SentBatch } from './history.ts';

/** A record as it was read back. */
export interface ReadRecord {
  readonly offset: bigint;
  readonly value: string;
}

/**
 * Compares what was sent to a partition with all that is in it: every acknowledged record is there once, at the offset that was told; no
 * record is there twice or was never sent; each producer's records are in the order in which it sent them; a batch is there as a whole or
 * not at all; offsets have no gaps.
 * @returns a sentence for each thing that is wrong, the first hundred
 */
export function checkPartition(partition: number, sent: readonly SentBatch[], log: readonly ReadRecord[]): string[] {
  const problems: string[] = [];
  const offsets = new Map<string, bigint>();
  const lastOfStream = new Map<string, number>();
  const place = (offset: bigint) => `partition ${partition}, offset ${offset}`;

  for (const [index, { offset, value }] of log.entries()) {
    if (offset !== BigInt(index)) {
      problems.push(`${place(offset)}: offset ${index} was due`);
      break;
    }
    const record = parseValue(value);
    if (record === undefined || record.partition !== partition) {
      problems.push(`${place(offset)}: nobody sent "${value.slice(0, 60)}" here`);
      continue;
    }
    const name = `${record.stream}/${record.number}`;
    const earlier = offsets.get(name);
    if (earlier !== undefined) problems.push(`${place(offset)}: ${name} is also at offset ${earlier}`);
    else offsets.set(name, offset);
    const last = lastOfStream.get(record.stream) ?? -1;
    if (record.number < last && earlier === undefined) problems.push(`${place(offset)}: ${name} comes after number ${last}`);
    lastOfStream.set(record.stream, Math.max(last, record.number));
  }

  let accounted = 0;
  for (const batch of sent) {
    if (batch.partition !== partition) continue;
    const name = `${batch.stream}/${batch.first}..${batch.first + batch.count - 1}`;
    const found = Array.from({ length: batch.count }, (_, i) => offsets.get(`${batch.stream}/${batch.first + i}`));
    const present = found.filter((offset) => offset !== undefined).length;
    accounted += present;
    if (batch.outcome === 'acknowledged' && present < batch.count) {
      problems.push(
        `partition ${partition}: ${name} was acknowledged at offset ${batch.baseOffset ?? '?'}, ${batch.count - present} of its records are lost`,
      );
    } else if (batch.outcome === 'refused' && present > 0) {
      problems.push(`partition ${partition}: ${name} was refused, yet ${present} of its records are there`);
    } else if (present > 0 && present < batch.count) {
      problems.push(`partition ${partition}: only ${present} records of the batch ${name} are there`);
    } else if (present > 0) {
      const base = found[0]!;
      if (batch.baseOffset !== undefined && base !== batch.baseOffset) {
        problems.push(`partition ${partition}: ${name} was acknowledged at offset ${batch.baseOffset}, it is at ${base}`);
      }
      if (found.some((offset, i) => offset !== base + BigInt(i))) problems.push(`partition ${partition}: ${name} is not in one piece`);
    }
  }
  if (accounted < offsets.size) problems.push(`partition ${partition}: ${offsets.size - accounted} records were never sent`);
  return problems.slice(0, 100);
}
