import { describe, expect, test } from 'vitest';
import { buildRecordBatch } from '#protocol';
import { openDirectory, settled } from '../testing.ts';
import { batchesOf, committedRecords, compacted, compactedLog, put, recordsOf, tableOf } from './testing.ts';

const client = { leaderEpoch: 0, origin: 'client' } as const;
const drop = (key: string) => ({ key, value: null });

describe('a cleaning', () => {
  test('keeps the newest record of each key where it was', async () => {
    const { log, write, clean } = await compactedLog();
    write([put('a', '1'), put('b', '1'), put('a', '2')]);
    write([put('c', '1')]);
    write([put('b', '2')], { compression: 'gzip' });

    await clean();

    expect(await recordsOf(log)).toEqual(['2 a=2', '3 c=1', '4 b=2']);
    expect(log).toMatchObject({ logStartOffset: 0n, logEndOffset: 5n });
    expect(log.compaction.cleanedOffset).toBe(5n);
  });

  test('leaves the active segment, what is not committed and what is young alone', async () => {
    const { world, log, directory, write } = await compactedLog({ minCompactionLagMs: 50 });
    const closed = async () => {
      log.roll();
      await log.flush();
    };
    write([put('a', '1'), put('a', '2')]);
    await closed();
    await world.clock.advance(100);
    write([put('a', '3'), put('a', '4')]);
    await closed();
    write([put('a', '5'), put('a', '6')]);

    log.highWatermark = 1n;
    await directory.clean();
    expect(await recordsOf(log)).toHaveLength(6);
    log.highWatermark = 6n;
    await directory.clean();
    expect(await recordsOf(log)).toEqual(['1 a=2', '2 a=3', '3 a=4', '4 a=5', '5 a=6']);
    await world.clock.advance(100);
    await directory.clean();
    expect(await recordsOf(log)).toEqual(['3 a=4', '4 a=5', '5 a=6']);
  });

  test('waits until enough is dirty, or has waited for max.compaction.lag.ms', async () => {
    const { world, log, write, clean } = await compactedLog({ minCleanableDirtyRatio: 0.6, maxCompactionLagMs: 1000 });
    for (let i = 0; i < 5; i++) write([put(`key ${i}`, 'x'.repeat(100))]);
    await clean();
    expect(log.compaction.cleanedOffset).toBe(5n);

    write([put('key 0', 'y')]);
    await clean();
    expect(log.compaction.cleanedOffset).toBe(5n);
    await world.clock.advance(2000);
    await clean();
    expect(log.compaction.cleanedOffset).toBe(6n);
    expect((await recordsOf(log)).map((text) => text[0])).toEqual(['1', '2', '3', '4', '5']);
  });

  test('keeps a deletion for delete.retention.ms after it has taken away what it deletes, however old it is', async () => {
    const { world, log, write, clean } = await compactedLog({ deleteRetentionMs: 1000 });
    write([put('a', '1'), put('b', '1')]);
    write([drop('a')]);
    await world.clock.advance(5000);

    await clean();
    expect(await recordsOf(log)).toEqual(['1 b=1', '2 a=null']);
    expect((await batchesOf(log))[1]!.deleteHorizonMs).toBe(BigInt(world.clock.now() + 1000));
    await world.clock.advance(900);
    write([put('c', '1')]);
    await clean();
    expect(await recordsOf(log)).toEqual(['1 b=1', '2 a=null', '3 c=1']);
    await world.clock.advance(100);
    expect(log.compaction.forgottenDeletions.before).toBe(0n);
    write([put('c', '2')]);
    await clean();
    expect(await recordsOf(log)).toEqual(['1 b=1', '4 c=2']);
    // Replicas that end before it have to be told; a later start knows it too.
    expect(log.compaction.forgottenDeletions).toMatchObject({ before: 3n });
    world.disk = world.disk.crash('strict');
    const again = await openDirectory(world, { configFor: () => compacted });
    expect(again.partition('orders', 0)!.compaction.forgottenDeletions.lastFrom(2n)).toBe(1);
  });

  test('takes several rounds when there is no memory for all keys', async () => {
    const { log, directory, write, close } = await compactedLog();
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    for (const value of ['1', '2', '3']) for (const key of keys) write([put(key, value)]);
    await close();

    const rounds: bigint[] = [];
    for (let before = 0n; ; before = log.compaction.cleanedOffset!) {
      await directory.clean({ dedupeBufferBytes: 24 * 10, isEnabled: true });
      if (log.compaction.cleanedOffset === before) break;
      rounds.push(log.compaction.cleanedOffset!);
    }

    expect(rounds.at(-1)).toBe(60n);
    expect(tableOf(await committedRecords(log))).toEqual(new Map(keys.map((key) => [key, '3'])));
    // What is alone in its round is not replaced by anything: of 60 records some 20 stay.
    expect((await recordsOf(log)).length).toBeLessThanOrEqual(28);
  });

  test('makes few segments of many', async () => {
    const { log, write, clean } = await compactedLog();
    for (let i = 0; i < 200; i++) write([put(`key ${i % 3}`, 'x'.repeat(50))]);
    const before = log.segmentOffsets.length;

    await clean();

    expect(before).toBeGreaterThan(20);
    expect(log.segmentOffsets.length).toBeLessThanOrEqual(3);
    expect(Math.max(...log.compaction.segments.map(({ size }) => size))).toBeLessThanOrEqual(700);
    expect(tableOf(await committedRecords(log)).size).toBe(3);
  });

  test('takes records without a key away, which are from before the topic was compacted', async () => {
    const { log, write, clean } = await compactedLog({ cleanupPolicy: ['delete'] });
    write([{ value: 'no key' }, put('a', '1')]);
    expect(log.compaction.cleanedOffset).toBeUndefined();

    log.updateConfig(compacted);
    await settled();
    await clean();

    expect(await recordsOf(log)).toEqual(['1 a=1']);
  });

  test('leaves a log alone whose topic is not compacted', async () => {
    const { log, write, clean } = await compactedLog({ cleanupPolicy: ['delete'] });
    write([put('a', '1'), put('a', '2')]);

    await clean();

    expect(await recordsOf(log)).toHaveLength(2);
  });
});

describe('T11: transactions', () => {
  const transaction = { producerId: 7n, producerEpoch: 0, isTransactional: true };

  test('nothing of an aborted one stays, nor hides anything', async () => {
    const { log, write, end, clean } = await compactedLog();
    write([put('a', 'kept')]);
    write([put('a', 'aborted')], { ...transaction, baseSequence: 0 });
    write([put('b', 'kept')]);
    end('ABORT', 7n);
    write([put('c', 'later')], { ...transaction, baseSequence: 1 });
    end('COMMIT', 7n);

    await clean();

    expect(await recordsOf(log)).toEqual(['0 a=kept', '2 b=kept', '3 marker', '4 c=later', '5 marker']);
    expect(tableOf(await committedRecords(log))).toEqual(
      new Map([
        ['a', 'kept'],
        ['b', 'kept'],
        ['c', 'later'],
      ]),
    );
    // Whoever was about to read what has just gone is still told of it.
    expect(log.abortedTransactions(0n, 6n)).toHaveLength(1);
    write([put('d', '1')]);
    await clean();
    expect(log.abortedTransactions(0n, 7n)).toEqual([]);
  });

  test('a marker stays while there is a record of its transaction, and then for delete.retention.ms', async () => {
    const { world, log, write, end, clean } = await compactedLog({ deleteRetentionMs: 1000 });
    write([put('a', '1')], { ...transaction, baseSequence: 0 });
    end('COMMIT', 7n);
    write([put('b', '1')], { ...transaction, baseSequence: 1 });
    end('COMMIT', 7n);
    await clean();
    await world.clock.advance(2000);
    await clean();
    expect(await recordsOf(log)).toEqual(['0 a=1', '1 marker', '2 b=1', '3 marker']);

    write([put('a', '2')]);
    await clean();
    await world.clock.advance(2000);
    write([put('c', '1')]);
    await clean();
    expect(await recordsOf(log)).toEqual(['1 marker', '2 b=1', '3 marker', '4 a=2', '5 c=1']);
    await world.clock.advance(1000);
    write([put('d', '1')]);
    await clean();
    expect(await recordsOf(log)).toEqual(['2 b=1', '3 marker', '4 a=2', '5 c=1', '6 d=1']);
  });

  test('the last batch of a producer stays, though it may be empty, and a start knows its sequence from it', async () => {
    const { world, directory, log, write, end, clean } = await compactedLog();
    write([put('a', '1')], { producerId: 5n, producerEpoch: 2, baseSequence: 0 });
    write([put('a', '2'), put('b', '2')], { producerId: 5n, producerEpoch: 2, baseSequence: 1 });
    write([put('x', 'aborted')], { ...transaction, baseSequence: 0 });
    end('ABORT', 7n);
    for (let i = 0; i < 20; i++) write([put('a', String(i)), put('b', String(i))]);
    await clean();
    expect(await recordsOf(log)).toEqual(['4 marker', '43 a=19', '44 b=19']);
    const batches = await batchesOf(log);
    expect(batches.slice(0, 2).map(({ baseOffset, lastOffset, recordCount }) => [baseOffset, lastOffset, recordCount])).toEqual([
      [1n, 2n, 0],
      [3n, 3n, 0],
    ]);
    const known = () =>
      log.activeProducers().map(({ producerId, producerEpoch, batches: sent }) => [producerId, producerEpoch, sent.at(-1)?.lastSequence]);
    const before = known();

    await directory.close();
    for (const name of world.disk.list('/data/orders-0')) {
      if (name.endsWith('.snapshot') || name.endsWith('index')) world.disk.remove(`/data/orders-0/${name}`);
    }
    const again = await openDirectory(world, { configFor: () => compacted });

    expect(again.failedPartitions()).toEqual([]);
    const reopened = again.partition('orders', 0)!;
    expect(
      reopened
        .activeProducers()
        .map(({ producerId, producerEpoch, batches: sent }) => [producerId, producerEpoch, sent.at(-1)?.lastSequence]),
    ).toEqual(before);
    expect(reopened.abortedTransactions(0n, 100n)).toHaveLength(1);
    expect(() =>
      reopened.append(buildRecordBatch({ records: [put('a', '9')], producerId: 5n, producerEpoch: 1, baseSequence: 3 }), client),
    ).toThrow(/fenced/);
  });

  test('a marker that is the last act of a producer stays, so that older epochs are fenced after a start too', async () => {
    const { world, log, write, end, clean } = await compactedLog({ deleteRetentionMs: 0 });
    write([put('a', '1')], { ...transaction, baseSequence: 0 });
    end('ABORT', 7n, 1);
    for (let i = 0; i < 3; i++) {
      write([put('b', String(i))]);
      await world.clock.advance(10);
      await clean();
    }

    expect(await recordsOf(log)).toEqual(['1 marker', '4 b=2']);
  });

  test('nothing is cleaned beyond the last stable offset', async () => {
    const { log, write, clean } = await compactedLog();
    write([put('a', '1'), put('a', '2')]);
    log.roll();
    write([put('x', 'open')], { ...transaction, baseSequence: 0 });
    write([put('b', '1'), put('b', '2')]);

    await clean();

    expect(await recordsOf(log)).toEqual(['1 a=2', '2 x=open', '3 b=1', '4 b=2']);
  });
});
