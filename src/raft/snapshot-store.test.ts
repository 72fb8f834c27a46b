import { expect, test } from 'vitest';
import { SimulatedWorld, silentLogger, simulatedPlatform } from '#platform';
import { SnapshotStore } from './snapshot-store.ts';

test('a fetched snapshot that is to be finished again while it is being finished is finished once (snapshot-finished-twice)', async () => {
  const id = { endOffset: 30n, epoch: 2 };
  const world = new SimulatedWorld({ seed: 1, disk: { syncDelay: { minMs: 100, meanMs: 0 } } });
  const { disk } = simulatedPlatform(world, 'one');
  for (const directory of ['/leader', '/follower']) disk.makeDirectory(directory);
  const leader = new SnapshotStore(disk, '/leader', silentLogger);
  await world.finish(leader.create(id, 5, [], [Buffer.from('a record')]));
  const { bytes } = await world.finish(leader.readPiece(id, 0, 1000));
  const follower = new SnapshotStore(disk, '/follower', silentLogger);
  follower.writePart(id, 0, bytes);

  const first = follower.finishPart(id);
  await world.run({ forMs: 50 });
  const again = follower.finishPart(id);

  expect(await world.finish(Promise.all([first, again]))).toMatchObject([{ id }, { id }]);
  expect([follower.ids, disk.list('/follower').length]).toEqual([[id], 1]);
});
