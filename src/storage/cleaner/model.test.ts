import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildEndTransactionMarker, buildRecordBatch, RecordBatch, type RecordInput } from '#protocol';
import type { LogDirectory, PartitionLog } from '../index.ts';
import { ProducerStates } from '../producer-state.ts';
import { createLog, openDirectory, startWorld } from '../testing.ts';
import { batchesOf, committedRecords, compacted, tableOf } from './testing.ts';

const keys = ['a', 'b', 'c', 'd', 'a key that is too long to be kept as it is'];
const deleteRetentionMs = 1000;

type Act =
  | {
      act: 'write';
      producer: 'nobody' | 'idempotent' | 'transactional';
      which: number;
      records: [key: number, isDeletion: boolean][];
      codec: 'none' | 'zstd';
    }
  | { act: 'end'; which: number; type: 'ABORT' | 'COMMIT' }
  | { act: 'roll' | 'commit' | 'restart' | 'crash' }
  | { act: 'wait'; ms: number }
  | { act: 'clean'; keys: number }
  | { act: 'crash while cleaning'; keys: number; after: number; mode: 'strict' | 'ordered' | 'hostile' };

const which = fc.nat({ max: 1 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      act: fc.constant('write' as const),
      producer: fc.constantFrom('nobody' as const, 'nobody' as const, 'idempotent' as const, 'transactional' as const),
      which,
      records: fc.array(fc.tuple(fc.nat({ max: keys.length - 1 }), fc.boolean()), { minLength: 1, maxLength: 3 }),
      codec: fc.constantFrom('none' as const, 'zstd' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('end' as const), which, type: fc.constantFrom('ABORT' as const, 'COMMIT' as const) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('roll' as const, 'commit' as const, 'commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('restart' as const, 'crash' as const) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 1500 }) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('clean' as const), keys: fc.constantFrom(3, 5, 1000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('crash while cleaning' as const),
      keys: fc.constantFrom(3, 1000),
      after: fc.nat({ max: 120 }),
      mode: fc.constantFrom('strict' as const, 'ordered' as const, 'hostile' as const),
    }),
  },
);

interface Written {
  readonly offset: bigint;
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: bigint;
  readonly transactionOf: bigint | undefined;
}

/** Everything that was ever written, and what a reader should make of it. */
class Model {
  batches: Buffer[] = [];
  /** When a cleaning was first begun that could see the offset. */
  readonly firstCleanedAt = new Map<bigint, number>();
  lastCleaningAt = 0;

  get parsed(): RecordBatch[] {
    return this.batches.map((bytes) => new RecordBatch(bytes));
  }

  get records(): Written[] {
    return this.parsed.flatMap((batch) => {
      if (batch.isControl) return [];
      const transactionOf = batch.isTransactional ? batch.producerId : undefined;
      return Array.from(batch.records(), ({ offset, key, value, timestamp }) => {
        return { offset, key: String(key), value: value === null ? null : String(value), timestamp, transactionOf };
      });
    });
  }

  lose(logEndOffset: bigint): void {
    this.batches = this.batches.filter((bytes) => new RecordBatch(bytes).lastOffset < logEndOffset);
  }

  cleaning(now: number): void {
    this.lastCleaningAt = now;
    for (const { offset } of this.records) if (!this.firstCleanedAt.has(offset)) this.firstCleanedAt.set(offset, now);
  }

  /** Records that readers of committed records are given, and where they stop for now. */
  committed(): { records: Written[]; lastStableOffset: bigint | undefined } {
    const open = new Map<bigint, bigint>();
    const aborted: { producerId: bigint; from: bigint; to: bigint }[] = [];
    for (const batch of this.parsed) {
      const { producerId } = batch;
      if (batch.isControl) {
        const [record] = batch.records();
        const from = open.get(producerId);
        if (record!.key!.readInt16BE(2) === 0 && from !== undefined) aborted.push({ producerId, from, to: batch.lastOffset });
        open.delete(producerId);
      } else if (batch.isTransactional && !open.has(producerId)) {
        open.set(producerId, batch.baseOffset);
      }
    }
    const lastStableOffset = [...open.values()].sort((a, b) => Number(a - b))[0];
    const records = this.records.filter(({ offset, transactionOf }) => {
      if (lastStableOffset !== undefined && offset >= lastStableOffset) return false;
      return !aborted.some(({ producerId, from, to }) => producerId === transactionOf && offset >= from && offset <= to);
    });
    return { records, lastStableOffset };
  }
}

class Run {
  readonly #world = startWorld();
  readonly #model = new Model();
  readonly #sequences = new Map<bigint, number>();
  #directory!: LogDirectory;
  #values = 0;

  async play(steps: readonly Act[]): Promise<void> {
    ({ directory: this.#directory } = await createLog(this.#world, { ...compacted, deleteRetentionMs }));
    for (const step of steps) {
      await this.#do(step);
      await this.#check();
    }
    await this.#commit();
    await this.#clean(1000);
    await this.#check();
  }

  get #log(): PartitionLog {
    return this.#directory.partition('orders', 0)!;
  }

  async #do(step: Act): Promise<void> {
    switch (step.act) {
      case 'write':
        return this.#write(step);
      case 'end':
        return this.#end(step);
      case 'roll':
        return this.#log.roll();
      case 'commit':
        return this.#commit();
      case 'wait':
        return this.#world.clock.advance(step.ms);
      case 'clean':
        await this.#commit();
        return this.#clean(step.keys);
      case 'restart':
        await this.#directory.close();
        return this.#open();
      case 'crash':
        this.#world.disk = this.#world.disk.crash('hostile');
        return this.#open();
      case 'crash while cleaning':
        await this.#commit();
        void this.#clean(step.keys).catch(() => {});
        for (let i = 0; i < step.after; i++) await Promise.resolve();
        this.#world.disk = this.#world.disk.crash(step.mode);
        return this.#open();
    }
  }

  #write({ producer, which: index, records, codec }: Act & { act: 'write' }): void {
    const producerId = producer === 'nobody' ? -1n : BigInt(index + (producer === 'idempotent' ? 1 : 10));
    const baseSequence = this.#sequences.get(producerId) ?? 0;
    this.#sequences.set(producerId, baseSequence + records.length);
    const input: RecordInput[] = records.map(([key, isDeletion]) => ({
      key: keys[key]!,
      value: isDeletion ? null : `value ${this.#values++}`,
    }));
    const identity = producerId < 0n ? {} : { producerId, producerEpoch: 0, baseSequence, isTransactional: producer === 'transactional' };
    this.#append(buildRecordBatch({ records: input, timestamp: this.#world.clock.now(), compression: codec, ...identity }), 'client');
  }

  #end({ which: index, type }: Act & { act: 'end' }): void {
    const marker = { type, producerId: BigInt(index + 10), producerEpoch: 0, coordinatorEpoch: 1, timestamp: this.#world.clock.now() };
    if ((this.#sequences.get(marker.producerId) ?? 0) > 0) this.#append(buildEndTransactionMarker(marker), 'coordinator');
  }

  #append(bytes: Buffer, origin: 'client' | 'coordinator'): void {
    const { firstOffset } = this.#log.append(bytes, { leaderEpoch: 0, origin });
    const kept = Buffer.from(bytes);
    new RecordBatch(kept).stamp(firstOffset, 0);
    this.#model.batches.push(kept);
  }

  async #commit(): Promise<void> {
    await this.#log.flush();
    this.#log.highWatermark = this.#log.logEndOffset;
  }

  async #clean(room: number): Promise<void> {
    this.#model.cleaning(this.#world.clock.now());
    await this.#directory.clean({ dedupeBufferBytes: (room + 1) * 24, loadFactor: 1 });
  }

  async #open(): Promise<void> {
    this.#directory = await openDirectory(this.#world, { configFor: () => ({ ...compacted, deleteRetentionMs }) });
    expect(this.#directory.failedPartitions()).toEqual([]);
    this.#model.lose(this.#log.logEndOffset);
    for (const producerId of this.#sequences.keys()) {
      const last = this.#model.parsed.findLast((batch) => batch.producerId === producerId && !batch.isControl);
      this.#sequences.set(producerId, last ? last.lastSequence + 1 : 0);
    }
    await this.#commit();
  }

  async #check(): Promise<void> {
    await this.#checkRecords();
    this.#checkProducers();
  }

  async #checkRecords(): Promise<void> {
    const log = this.#log;
    if (log.highWatermark < log.logEndOffset) return;
    const { records, lastStableOffset = log.logEndOffset } = this.#model.committed();
    expect(log.logStartOffset).toBe(0n);
    expect(log.lastStableOffset).toBe(lastStableOffset);
    const found = await committedRecords(log);
    expect(tableOf(found)).toEqual(tableOf(records as never));

    const originals = new Map(this.#model.records.map((record) => [record.offset, record]));
    const ranges = new Set(
      this.#model.parsed.map(({ baseOffset, lastOffset, baseSequence }) => `${baseOffset} ${lastOffset} ${baseSequence}`),
    );
    const left = new Set<bigint>();
    for (const batch of await batchesOf(log)) {
      expect(ranges).toContain(`${batch.baseOffset} ${batch.lastOffset} ${batch.baseSequence}`);
      if (batch.isControl) continue;
      for (const { offset, key, value, timestamp } of batch.records()) {
        left.add(offset);
        const { transactionOf: _, ...original } = originals.get(offset)!;
        expect({ offset, key: String(key), value: value === null ? null : String(value), timestamp }).toEqual(original);
      }
    }
    const newest = new Map(records.map((record) => [record.key, record]));
    for (const { offset, value } of newest.values()) {
      const goesAt = (this.#model.firstCleanedAt.get(offset) ?? Number.POSITIVE_INFINITY) + deleteRetentionMs;
      if (value !== null || this.#model.lastCleaningAt < goesAt) expect(left).toContain(offset);
    }
    for (const offset of originals.keys()) if (!this.#model.firstCleanedAt.has(offset)) expect(left).toContain(offset);
  }

  #checkProducers(): void {
    const expected = new ProducerStates();
    for (const batch of this.#model.parsed) expected.apply(batch, 0);
    const told = (states: Iterable<ReturnType<PartitionLog['activeProducers']>[number]>) =>
      Array.from(states, ({ producerId, producerEpoch, currentTxnFirstOffset, batches }) => {
        return `${producerId} ${producerEpoch} ${currentTxnFirstOffset} ${batches.at(-1)?.lastSequence}`;
      }).sort();
    expect(told(this.#log.activeProducers())).toEqual(told(expected.producers));
  }
}

test('S10, T11: whatever is written, ended, cleaned and crashed, readers find the newest value of each key, deletions in time, and nothing that was gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 10, maxLength: 60 }), (steps) => new Run().play(steps)),
    { numRuns: 150 },
  );
});
