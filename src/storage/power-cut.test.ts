/** What `npm run crash-points` has found, each as small as it gets. */
import { expect, test } from 'vitest';
import { SeededRandom, SimulatedDisk } from '#platform';
import { buildEndTransactionMarker, buildRecordBatch } from '#protocol';
import type { LogConfig, PartitionLog } from './index.ts';
import { batchOf, createLog, openDirectory, startWorld, type World } from './testing.ts';

const client = { leaderEpoch: 0, origin: 'client' } as const;
const directoryPath = '/data/orders-0';

function append(log: PartitionLog, count: number): void {
  for (let i = 0; i < count; i++)
    log.append(batchOf([`record ${log.logEndOffset}`], { timestamp: 1000 + Number(log.logEndOffset) }), client);
}

/** A world whose disk takes some turns for a sync. */
function slowWorld(seed: number): World {
  const schedule = (_: number, callback: () => void) => {
    let turns = 8;
    const pass = (): void => void (turns-- > 0 ? Promise.resolve().then(pass) : callback());
    pass();
  };
  return { ...startWorld(seed), disk: new SimulatedDisk({ random: new SeededRandom(seed), schedule }) };
}

async function reopen(world: World, config: Partial<LogConfig> = {}): Promise<PartitionLog> {
  const directory = await openDirectory(world, { config });
  expect(directory.failedPartitions()).toEqual([]);
  return directory.partition('orders', 0)!;
}

test('S8: a torn time index of the segment that was rolled last is not believed, although the recovery point lies at its end', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world);
  append(log, 5);
  await log.flush();
  await directory.checkpoint();
  log.roll();
  await log.flush();
  world.disk = world.disk.crash('strict');
  const path = `${directoryPath}/00000000000000000000.timeindex`;
  world.disk.open(path, 'write').write([Buffer.alloc(world.disk.stat(path)!.size)], 0);

  const again = await reopen(world);

  expect(await again.offsetOfMaxTimestamp()).toMatchObject({ offset: 4n, timestamp: 1004n });
});

test('S8: aborted transactions are not forgotten when the epochs have to be read again and a newer producer snapshot is there', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world);
  log.append(batchOf(['a'], { producerId: 7n, producerEpoch: 0, baseSequence: 0, isTransactional: true }), client);
  const marker = { type: 'ABORT', coordinatorEpoch: 0, producerId: 7n, producerEpoch: 0, timestamp: 0 } as const;
  log.append(buildEndTransactionMarker(marker), { leaderEpoch: 0, origin: 'coordinator' });
  log.roll();
  append(log, 3);
  await directory.close();
  world.disk.remove(`${directoryPath}/leader-epoch-checkpoint`);

  const again = await reopen(world);

  expect(again.abortedTransactions(0n, 10n)).toMatchObject([{ firstOffset: 0n, lastOffset: 1n }]);
  expect(again.activeProducers()).toHaveLength(1);
});

test('S9: of two raised log starts the second takes no file before it is written down', async () => {
  for (let seed = 0; seed < 150; seed++) {
    const world = startWorld(seed);
    const { log } = await createLog(world, { segmentBytes: 200 });
    append(log, 20);
    await log.flush();
    log.highWatermark = 20n;

    void log.incrementLogStartOffset(4n).catch(() => {});
    void log.incrementLogStartOffset(16n).catch(() => {});
    for (let turn = 0; turn < seed % 50; turn++) await null;
    world.disk = world.disk.crash('hostile');

    const again = await reopen(world, { segmentBytes: 200 });
    expect(again.logEndOffset).toBe(20n);
    expect([0n, 4n, 16n]).toContain(again.logStartOffset);
  }
});

test('S11: producers of a log that was begun anew are not taken from a snapshot that retention had not removed yet', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world, { segmentBytes: 200, retentionBytes: 200 });
  for (let i = 0; i < 8; i++) log.append(batchOf([`record ${i}`], { producerId: 7n, producerEpoch: 0, baseSequence: i }), client);
  await log.flush();
  log.highWatermark = 8n;
  await directory.applyRetention();
  await log.truncateFullyAndStartAt(50n);
  world.disk = world.disk.crash('strict');

  const again = await reopen(world);

  expect(again.logStartOffset).toBe(50n);
  expect(again.activeProducers()).toEqual([]);
});

test('a snapshot is not removed in place of an old one of its name, for which retention had set a time', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world, { segmentBytes: 200, retentionBytes: 200, fileDeleteDelayMs: 1000 });
  append(log, 8);
  await log.flush();
  log.highWatermark = 8n;
  const second = log.segmentOffsets[1]!;
  await directory.applyRetention();
  expect(log.logStartOffset).toBeGreaterThan(second);
  await log.truncateFullyAndStartAt(0n);
  append(log, Number(second));
  log.roll();
  await log.flush();

  await world.clock.advance(1000);

  expect(world.disk.stat(`${directoryPath}/${String(second).padStart(20, '0')}.snapshot`)).toBeDefined();
  await log.truncateTo(second);
  expect(directory.state).toBe('online');
});

test('P15: a log start above what the page cache lost stays: no offset is given twice', async () => {
  const world = startWorld();
  const { log } = await createLog(world, { flush: 'os' });
  append(log, 10);
  log.highWatermark = 10n;
  await log.incrementLogStartOffset(7n);
  world.disk = world.disk.crash('strict');

  const again = await reopen(world, { flush: 'os' });

  expect(again).toMatchObject({ logStartOffset: 7n, logEndOffset: 7n, highWatermark: 7n });
});

test('S9: records that were appended behind a truncation on its way, over several segments, never stand behind old ones', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const world = startWorld(seed);
    const { log } = await createLog(world, { segmentBytes: 200 });
    append(log, 12);
    await log.flush();
    log.truncateTo(3n).catch(() => {});
    for (let offset = 3n; offset < 12n; offset++) log.appendAsFollower(batchOf([`new ${offset}`], { baseOffset: offset, leaderEpoch: 1 }));
    log.flush().catch(() => {});
    for (let turn = 0; turn < seed % 60; turn++) await null;
    world.disk = world.disk.crash('hostile');

    const again = await reopen(world, { segmentBytes: 200 });

    expect(again.logEndOffset).toBeGreaterThanOrEqual(3n);
    const epochs = again.epochEntries.map(({ epoch, startOffset }) => `${epoch} from ${startOffset}`);
    expect([['0 from 0'], ['0 from 0', '1 from 3']]).toContainEqual(epochs);
  }
});

test('S8: epochs of another history are not believed either where the producers have to be read again', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world, { segmentBytes: 200 });
  for (let i = 0; i < 12; i++) log.append(batchOf([`record ${i}`]), { leaderEpoch: i >> 2, origin: 'client' });
  const { epochEntries } = log;
  await directory.close();
  for (const name of world.disk.list(directoryPath)) if (name.endsWith('.snapshot')) world.disk.remove(`${directoryPath}/${name}`);
  await world.disk.replace(`${directoryPath}/leader-epoch-checkpoint`, Buffer.from('0\n2\n0 0\n9 3\n'));

  const again = await reopen(world);

  expect(again.epochEntries).toEqual(epochEntries);
});

test('S9: files are not removed by a log start that a killed process left in the page cache only', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const world = startWorld(seed);
    const { log } = await createLog(world, { segmentBytes: 200 });
    append(log, 20);
    await log.flush();
    log.highWatermark = 20n;
    world.disk.loseSyncs({ path: /^\/data$/ });
    await log.incrementLogStartOffset(15n);
    world.disk = world.disk.restart();
    const opening = openDirectory({ ...world }).catch(() => {});
    for (let turn = 0; turn < seed; turn++) await null;
    world.disk = world.disk.crash('hostile');
    await opening;

    expect((await reopen(world)).logEndOffset).toBe(20n);
  }
});

test('S9: a partition that is deleted twice at once is gone for good when either says so', async () => {
  const world = slowWorld(1);
  const { directory } = await createLog(world);

  directory.deletePartition('orders', 0).catch(() => {});
  await directory.deletePartition('orders', 0);
  world.disk = world.disk.crash('strict');

  expect((await openDirectory(world)).partition('orders', 0)).toBeUndefined();
});

test('S4: a log that was truncated to its beginning still begins there, whichever of the new and the old names a power cut takes', async () => {
  for (let seed = 0; seed < 900; seed++) {
    const world = slowWorld(seed);
    const { log } = await createLog(world, { segmentBytes: 200 });
    append(log, 12);
    await log.flush();
    log.truncateTo(0n).catch(() => {});
    for (let turn = 0; turn < seed % 150; turn++) await null;
    world.disk = world.disk.crash('hostile');

    expect((await reopen(world)).logStartOffset).toBe(0n);
  }
});

test('S8: producers of what was appended behind a truncation on its way are not taken for those of what it was to take away', async () => {
  for (let seed = 0; seed < 300; seed++) {
    const world = slowWorld(seed);
    const { directory, log } = await createLog(world);
    for (let i = 0; i < 2; i++) {
      append(log, 2);
      log.roll();
    }
    append(log, 1);
    await log.flush();
    await directory.checkpoint();

    append(log, 1);
    // The truncation has to wait for this round, and its own finds more to do.
    void log.flush().catch(() => {});
    void log.truncateTo(1n).catch(() => {});
    for (let baseSequence = 0; baseSequence < 3; baseSequence++)
      log.append(batchOf(['new'], { producerId: 60n, producerEpoch: 0, baseSequence }), { ...client, leaderEpoch: 1 });
    log.roll();
    for (let turn = 0; turn < seed % 50; turn++) await null;
    world.disk = world.disk.crash('hostile');

    const again = await reopen(world);
    const isNewHistory = again.lastEpoch === 1;
    expect(again.knowsProducer(60n), `seed ${seed}, which has the ${isNewHistory ? 'new' : 'old'} records`).toBe(isNewHistory);
  }
});

test('S4: of several segments behind a truncation on its way each has its name for good before the next gets one: old records that are still there have to end where the first begins', async () => {
  const world = slowWorld(1);
  const { log } = await createLog(world, { segmentBytes: 1000 });
  append(log, 1);
  log.append(batchOf(['b', 'c', 'd']), client);
  const { disk } = world;
  const [rename, syncDirectory] = [disk.rename.bind(disk), disk.syncDirectory.bind(disk)];
  const seen: string[] = [];
  disk.rename = (from, to) => {
    rename(from, to);
    if (from.endsWith('.log.fresh')) seen.push(to.slice(to.lastIndexOf('/') + 1));
  };
  disk.syncDirectory = async (path) => {
    await syncDirectory(path);
    if (path === directoryPath) seen.push('sync');
  };

  // The truncation has to wait for this round, and finds more segments then.
  void log.flush();
  const truncated = log.truncateTo(1n);
  append(log, 1);
  log.roll();
  append(log, 1);
  await truncated;
  await log.flush();

  const first = seen.indexOf('00000000000000000001.log');
  expect(seen.slice(first, first + 4)).toEqual(['00000000000000000001.log', 'sync', '00000000000000000002.log', 'sync']);
});

test('S1: the base offset of a torn batch, which no checksum covers, is not believed where no file can hold it, though offsets may be missing', async () => {
  const world = startWorld();
  const { log } = await createLog(world, { cleanupPolicy: ['compact'], segmentBytes: 1000 });
  const put = (key: string) => log.append(buildRecordBatch({ records: [{ key, value: key }], timestamp: 1000 }), client);
  put('a');
  put('b');
  await log.flush();
  const [path, size] = [`${directoryPath}/00000000000000000000.log`, log.size];
  put('c');
  world.disk = world.disk.restart();
  world.disk.open(path, 'write').write([Buffer.from([0x33, 0xd0])], size);

  const again = await reopen(world, { cleanupPolicy: ['compact'], segmentBytes: 1000 });

  expect(again.logEndOffset).toBe(2n);
});
