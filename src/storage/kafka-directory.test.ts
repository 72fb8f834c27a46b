import { beforeAll, describe, expect, test } from 'vitest';
import { NodeDisk } from '#platform';
import { batchesIn } from '#protocol';
import { defaultLogConfig, LogDirectory, type PartitionLog, readMetaProperties } from './index.ts';
import { startWorld, type World } from './testing.ts';

const source = 'test/golden/kafka-partition';
const partitionFiles = `${source}/golden-0`;
const config = { ...defaultLogConfig, indexIntervalBytes: 1024, retentionMs: -1 };

/** A world whose disk holds the directory that Apache Kafka wrote, less what `leaveOut` names. */
async function kafkaDirectory(leaveOut: (name: string) => boolean = () => false): Promise<World> {
  const world = startWorld();
  const host = new NodeDisk();
  for (const [from, to] of [
    [source, '/data'],
    [partitionFiles, '/data/golden-0'],
  ] as const) {
    world.disk.makeDirectory(to);
    for (const name of host.list(from)) {
      if (host.stat(`${from}/${name}`)?.kind === 'file' && !leaveOut(name))
        await world.disk.replace(`${to}/${name}`, host.readFile(`${from}/${name}`));
    }
  }
  return world;
}

function open(world: World): Promise<LogDirectory> {
  return LogDirectory.open({ platform: world, path: '/data', config });
}

/** In the form of batches.txt. */
async function batchLines(log: PartitionLog): Promise<string[]> {
  const lines: string[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
    for (const batch of batchesIn(await log.read(offset, 10_000, log.logEndOffset))) {
      const { baseOffset, lastOffset, baseSequence, producerId, producerEpoch, isControl, maxTimestamp, sizeInBytes, compression, crc } =
        batch;
      lines.push(
        [baseOffset, lastOffset, baseSequence, producerId, producerEpoch, isControl, maxTimestamp, sizeInBytes, compression, crc].join(' '),
      );
      expect([...batch.records()]).toHaveLength(batch.recordCount);
      offset = lastOffset + 1n;
    }
  }
  return lines;
}

const producers = [
  { producerId: 0n, producerEpoch: 0, coordinatorEpoch: -1, currentTxnFirstOffset: -1n, lastTimestamp: 1795366404634n },
  { producerId: 1n, producerEpoch: 0, coordinatorEpoch: -1, currentTxnFirstOffset: -1n, lastTimestamp: 1795366407490n },
  { producerId: 2n, producerEpoch: 4, coordinatorEpoch: 0, currentTxnFirstOffset: -1n, lastTimestamp: 1795366410740n },
];

describe('a directory that Apache Kafka wrote', () => {
  let expected: string[];

  beforeAll(() => {
    expected = new NodeDisk().readFile(`${source}/batches.txt`).toString('utf8').trim().split('\n');
  });

  test('opens with the same batches, producers, epochs and offsets', async () => {
    const world = await kafkaDirectory();
    expect(readMetaProperties(world.disk, '/data')).toEqual({
      clusterId: 'oUohu7IoRUqt4XLMfOEuOw',
      nodeId: 1,
      directoryId: 'Lh1EJPLq8SPAIyW0Fezucg',
    });

    const directory = await open(world);

    const log = directory.partition('golden', 0)!;
    expect(directory.lastCleanShutdown).toEqual({ brokerEpoch: 12n });
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([0n, 804n, 804n]);
    expect(log.epochEntries).toEqual([{ epoch: 0, startOffset: 0n }]);
    expect(await batchLines(log)).toEqual(expected);
    expect(log.activeProducers()).toMatchObject(producers);
    expect(log.activeProducers()[0]!.batches.at(-1)).toEqual({
      lastSequence: 299,
      lastOffset: 299n,
      offsetDelta: 4,
      timestamp: 1795366404634n,
    });
  });

  test('opens with the same content after a crash, without any derived file', async () => {
    const world = await kafkaDirectory((name) => !name.endsWith('.log') && name !== 'partition.metadata' && name !== 'meta.properties');

    const directory = await open(world);

    const log = directory.partition('golden', 0)!;
    expect(directory.lastCleanShutdown).toBeUndefined();
    expect(log.epochEntries).toEqual([{ epoch: 0, startOffset: 0n }]);
    expect(await batchLines(log)).toEqual(expected);
    expect(log.activeProducers()).toMatchObject(producers);
  });

  test('gets the very files that Kafka had derived from its log, when they are made anew', async () => {
    const world = await kafkaDirectory((name) => !name.endsWith('.log') && name !== 'partition.metadata');
    const directory = await open(world);

    await directory.close();

    const host = new NodeDisk();
    const derived = host.list(partitionFiles).filter((name) => /index$|804.snapshot$|epoch-checkpoint$/.test(name));
    expect(derived).toHaveLength(10);
    for (const name of derived) {
      expect(world.disk.readFile(`/data/golden-0/${name}`).toString('hex'), name).toBe(
        host.readFile(`${partitionFiles}/${name}`).toString('hex'),
      );
    }
  });

  test('finds records by timestamp, exact to the record', async () => {
    const log = (await open(await kafkaDirectory())).partition('golden', 0)!;

    const newest = await log.offsetOfMaxTimestamp();
    const first = await log.offsetForTimestamp(0n);
    const found = await log.offsetForTimestamp(1795366404634n);

    expect(newest).toEqual({ offset: 803n, timestamp: 1795366410740n, leaderEpoch: 0 });
    expect(first?.offset).toBe(0n);
    expect(found?.timestamp).toBeGreaterThanOrEqual(1795366404634n);
    expect(found?.offset).toBeGreaterThan(294n);
    expect(await log.offsetForTimestamp(1795366410741n)).toBeUndefined();
  });
});
