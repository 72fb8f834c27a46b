/** Famous ways to lose or to repeat records, by their names in the projects where they happened. */
import { describe, expect, test } from 'vitest';
import { type CrashMode, silentLogger } from '#platform';
import { buildEndTransactionMarker } from '#protocol';
import type { LogDirectory, PartitionLog } from './index.ts';
import { decodeProducerSnapshot } from './producer-snapshot.ts';
import { batchOf, contentOf, createLog, openDirectory, startWorld, type World } from './testing.ts';

const marker = '/data/.kafka_cleanshutdown';

function append(log: PartitionLog, text: string, leaderEpoch = 0): void {
  log.append(batchOf([text]), { leaderEpoch, origin: 'client' });
}

function send(log: PartitionLog, sequence: number, { isTransactional = false, leaderEpoch = 0 } = {}) {
  const batch = batchOf([`${sequence}`], { producerId: 7n, producerEpoch: 0, baseSequence: sequence, isTransactional });
  return log.append(batch, { leaderEpoch, origin: 'client' });
}

function abort(log: PartitionLog) {
  const bytes = buildEndTransactionMarker({ type: 'ABORT', coordinatorEpoch: 0, producerId: 7n, producerEpoch: 0, timestamp: 0 });
  return log.append(bytes, { leaderEpoch: 0, origin: 'coordinator' });
}

async function reopened(world: World): Promise<{ directory: LogDirectory; log: PartitionLog }> {
  const directory = await openDirectory(world, { config: { segmentBytes: 300 } });
  expect(directory.failedPartitions()).toEqual([]);
  return { directory, log: directory.partition('orders', 0)! };
}

describe('all-power-cut-lazy-fsync: the power of all three replicas goes at once', () => {
  /** A leader and two followers with the same records, of which `acknowledged` were flushed by all. */
  async function replicas(flush: 'fsync' | 'os', seed: number, acknowledged: number) {
    return Promise.all(
      [0, 1, 2].map(async (replica) => {
        const world = startWorld(`${seed} ${replica}`);
        const warnings: string[] = [];
        world.log = { ...silentLogger, child: () => world.log, warn: (_, message) => warnings.push(message) };
        const { directory, log } = await createLog(world, { flush });
        for (let i = 0; i < 20; i++) {
          append(log, `record ${i}`);
          if (i + 1 !== acknowledged) continue;
          await log.flush();
          log.highWatermark = log.logEndOffset;
          await directory.checkpoint();
        }
        return { world, warnings };
      }),
    );
  }

  test.each<CrashMode>(['strict', 'hostile'])('with fsync nothing that was acknowledged is lost (%s)', async (mode) => {
    for (let seed = 0; seed < 20; seed++) {
      for (const { world, warnings } of await replicas('fsync', seed, 12)) {
        world.disk = world.disk.crash(mode);
        const { log } = await reopened(world);

        expect(log.logEndOffset).toBeGreaterThanOrEqual(12n);
        expect(log.highWatermark).toBe(12n);
        expect(warnings.filter((line) => line.includes('lost'))).toEqual([]);
      }
    }
  });

  test.each<CrashMode>([
    'strict',
    'hostile',
  ])('with os what is lost is told, and what is left is the beginning of one history (%s)', async (mode) => {
    let losses = 0;
    for (let seed = 0; seed < 20; seed++) {
      for (const { world, warnings } of await replicas('os', seed, 12)) {
        world.disk = world.disk.crash(mode);
        const { directory, log } = await reopened(world);

        const content = await contentOf(log);
        expect(content).toEqual(Array.from({ length: content.length }, (_, i) => `${i}:record ${i}`));
        expect(directory.lastCleanShutdown).toBeUndefined();
        expect(log.highWatermark <= log.logEndOffset).toBe(true);
        const isLost = content.length < 12;
        if (isLost) losses++;
        expect(warnings.some((line) => line.startsWith('committed records were lost'))).toBe(isLost);
      }
    }
    expect(losses).toBeGreaterThan(5);
  });
});

test('fsync-eio-then-ok (KAFKA-10778): a sync that failed is not tried again, and nothing is acknowledged after it', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world);
  append(log, 'a');
  await log.flush();
  append(log, 'b');
  world.disk.failNext('sync', 'EIO', { path: '.log' });
  await expect(log.flush()).rejects.toMatchObject({ errorName: 'KAFKA_STORAGE_ERROR' });

  // The disk would report success from here on, and keep nothing.
  await expect(log.flush()).rejects.toMatchObject({ errorName: 'KAFKA_STORAGE_ERROR' });
  expect(() => append(log, 'c')).toThrow('offline');
  expect(log.flushedOffset).toBe(1n);
  await directory.close();

  expect(world.disk.stat(marker)).toBeUndefined();
  world.disk = world.disk.crash('strict');
  expect(await contentOf((await reopened(world)).log)).toEqual(['0:a']);
});

test('crash-while-recovering-is-unclean (KAFKA-10471): wherever a start is cut off, the next one does not believe an old mark', async () => {
  let [clean, unclean] = [0, 0];
  for (let turns = 0; turns < 60; turns++) {
    const world = startWorld(turns);
    const { directory, log } = await createLog(world, { segmentBytes: 300 });
    for (let i = 0; i < 10; i++) append(log, `record ${i}`);
    await directory.close();
    let isOpen = false;
    const opening = openDirectory({ ...world }).then((opened) => {
      isOpen = true;
      append(opened.partition('orders', 0)!, 'not flushed');
    });
    for (let turn = 0; turn < turns; turn++) await null;
    const wasOpen = isOpen;
    world.disk = world.disk.crash('hostile');
    await opening.catch(() => {});

    const next = await reopened(world);

    // A mark that is still there says the truth: nothing had been touched.
    if (next.directory.lastCleanShutdown) clean++;
    else unclean++;
    if (wasOpen) expect(next.directory.lastCleanShutdown).toBeUndefined();
    expect((await contentOf(next.log)).slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}:record ${i}`));
  }
  expect(clean).toBeGreaterThan(0);
  expect(unclean).toBeGreaterThan(0);
});

describe('clean-marker-by-mistake (KAFKA-15375): there is no mark of a clean shutdown', () => {
  test('when the last sync fails', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    append(log, 'a');
    world.disk.failNext('sync', 'EIO', { path: '.log' });

    await expect(directory.close()).rejects.toMatchObject({ errorName: 'KAFKA_STORAGE_ERROR' });

    expect(world.disk.stat(marker)).toBeUndefined();
  });

  test('when damage was found in a log while it was in use', async () => {
    const world = startWorld();
    const { directory } = await createLog(world);
    append(directory.partition('orders', 0)!, 'a');
    await directory.close();
    const again = await openDirectory(world);
    world.disk.flipBit('/data/orders-0/00000000000000000000.log', 65);
    await expect((async () => again.partition('orders', 0)!.read(0n, 100, 1n))()).rejects.toThrow('damaged');

    await again.close();

    expect(world.disk.stat(marker)).toBeUndefined();
  });

  test('when the stop itself was cut off, and when one that went offline is closed', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    append(log, 'a');
    world.disk.failNext('write', 'EIO');
    expect(() => append(log, 'b')).toThrow('offline');
    await directory.close();
    expect(world.disk.stat(marker)).toBeUndefined();
  });
});

test.each([
  { what: 'cut in half', tear: (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1) },
  { what: 'zeros', tear: (bytes: Buffer) => Buffer.alloc(bytes.length) },
  { what: 'without its last line', tear: (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf(10, bytes.length - 2) + 1) },
  { what: 'of another history', tear: () => Buffer.from('0\n2\n0 0\n9 3\n') },
])('torn-epoch-checkpoint (KAFKA-16541): epochs that are $what are made again from the log, after a clean stop and a crash', async ({
  tear,
}) => {
  for (const how of ['clean', 'crash'] as const) {
    const world = startWorld();
    const { directory, log } = await createLog(world, { segmentBytes: 300 });
    for (let i = 0; i < 12; i++) append(log, `record ${i}`, i >> 2);
    await log.flush();
    const { epochEntries } = log;
    await directory.checkpoint();
    if (how === 'clean') await directory.close();
    else world.disk = world.disk.crash('strict');
    const path = '/data/orders-0/leader-epoch-checkpoint';
    await world.disk.replace(path, tear(world.disk.readFile(path)));

    const again = await reopened(world);

    expect(again.log.epochEntries).toEqual(epochEntries);
    expect(again.log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 1, endOffset: 8n });
  }
});

test('producer-snapshot-unsynced (KAFKA-9892): a snapshot that a killed process left in the page cache is synced before it is relied on', async () => {
  const world = startWorld();
  const { log } = await createLog(world);
  for (let sequence = 0; sequence < 3; sequence++) send(log, sequence);
  world.disk.loseSyncs({ path: '.snapshot' });
  log.roll();
  await log.flush();
  world.disk = world.disk.restart();

  await openDirectory(world);
  world.disk = world.disk.crash('strict');

  const snapshot = decodeProducerSnapshot(world.disk.readFile('/data/orders-0/00000000000000000003.snapshot'));
  expect(snapshot?.[0]?.lastSequence).toBe(2);
});

test('producer-state-after-truncation (KAFKA-12153): no snapshot of what was truncated is used, now or after a crash', async () => {
  for (const mode of ['strict', 'ordered', 'hostile'] as const) {
    const world = startWorld(mode);
    const { log } = await createLog(world, { segmentBytes: 300 });
    for (let sequence = 0; sequence < 12; sequence++) send(log, sequence);
    await log.flush();
    await log.truncateTo(4n);
    // Another leader's records, none of that producer.
    for (let i = 0; i < 8; i++) append(log, 'another record of some length', 1);
    await log.flush();
    expect(send(log, 4, { leaderEpoch: 1 })).toMatchObject({ duplicate: false });
    await log.flush();

    world.disk = world.disk.crash(mode);

    const again = (await reopened(world)).log;
    expect(again.activeProducers()[0]?.batches.map(({ lastSequence }) => lastSequence)).toEqual([0, 1, 2, 3, 4]);
    expect(send(again, 3, { leaderEpoch: 1 })).toMatchObject({ duplicate: true, firstOffset: 3n });
  }
});

describe('dup-offsets-after-txnindex-failure (KAFKA-7866): when the index of aborted transactions cannot be written', () => {
  async function abortedLog(): Promise<{ world: World; directory: LogDirectory; log: PartitionLog }> {
    const world = startWorld();
    const created = await createLog(world);
    send(created.log, 0, { isTransactional: true });
    abort(created.log);
    return { world, ...created };
  }

  async function expectDense(world: World): Promise<void> {
    world.disk = world.disk.crash('hostile');
    const { log } = await reopened(world);
    expect(log.abortedTransactions(0n, 10n)).toMatchObject([{ firstOffset: 0n, lastOffset: 1n }]);
    append(log, 'next');
    const offsets = (await contentOf(log)).map((text) => Number(text.split(':')[0]));
    expect(offsets).toEqual(offsets.map((_, index) => index));
  }

  test('for an error, nothing more is appended, and no offset is given twice', async () => {
    const { world, directory, log } = await abortedLog();
    world.disk.failNext('write', 'EIO', { path: '.txnindex' });
    log.roll();

    await expect(log.flush()).rejects.toMatchObject({ errorName: 'KAFKA_STORAGE_ERROR' });

    expect(directory.state).toBe('offline');
    expect(log.logEndOffset).toBe(2n);
    expect(() => append(log, 'x')).toThrow('offline');
    world.disk = world.disk.restart();
    await openDirectory(world);
    await expectDense(world);
  });

  test('for a full disk, appends go on behind it, and a later round writes it', async () => {
    const { world, directory, log } = await abortedLog();
    world.disk.failNext('write', 'ENOSPC', { path: '.txnindex' });
    log.roll();
    await log.flush();
    expect(world.disk.stat('/data/orders-0/00000000000000000000.txnindex')?.size ?? 0).toBeLessThan(34);
    append(log, 'behind');

    await log.flush();

    expect(directory.state).toBe('online');
    expect(log.logEndOffset).toBe(3n);
    expect(world.disk.stat('/data/orders-0/00000000000000000000.txnindex')?.size).toBe(34);
    await expectDense(world);
  });
});
