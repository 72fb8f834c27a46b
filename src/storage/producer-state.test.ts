import { describe, expect, test } from 'vitest';
import { buildEndTransactionMarker } from '#protocol';
import type { PartitionLog } from './index.ts';
import { batchOf, createLog, openDirectory, startWorld, type World } from './testing.ts';

interface Sent {
  sequence: number;
  epoch?: number;
  records?: number;
  producerId?: bigint;
  isTransactional?: boolean;
}

function send(log: PartitionLog, { sequence, epoch = 0, records = 1, producerId = 7n, isTransactional = false }: Sent) {
  const texts = Array.from({ length: records }, (_, index) => `${sequence + index}`);
  const batch = batchOf(texts, { producerId, producerEpoch: epoch, baseSequence: sequence, isTransactional });
  return log.append(batch, { leaderEpoch: 0, origin: 'client' });
}

function endTransaction(
  log: PartitionLog,
  type: 'ABORT' | 'COMMIT',
  options: { producerId?: bigint; epoch?: number; coordinatorEpoch?: number } = {},
) {
  const { producerId = 7n, epoch = 0, coordinatorEpoch = 0 } = options;
  const marker = buildEndTransactionMarker({ type, coordinatorEpoch, producerId, producerEpoch: epoch, timestamp: 0 });
  return log.append(marker, { leaderEpoch: 0, origin: 'coordinator' });
}

async function reopen(world: World, how: 'clean' | 'crash', close: () => Promise<void>): Promise<PartitionLog> {
  if (how === 'clean') await close();
  else world.disk = world.disk.crash('strict');
  return (await openDirectory(world)).partition('orders', 0)!;
}

describe('idempotent producers', () => {
  test('I3: each of the last five batches is known again and gets its first offsets, a sixth does not', async () => {
    const { log } = await createLog(startWorld());
    for (let sequence = 0; sequence < 12; sequence += 2) send(log, { sequence, records: 2 });

    for (let sequence = 2; sequence < 12; sequence += 2) {
      expect(send(log, { sequence, records: 2 })).toMatchObject({
        firstOffset: BigInt(sequence),
        lastOffset: BigInt(sequence + 1),
        duplicate: true,
      });
    }

    expect(() => send(log, { sequence: 0, records: 2 })).toThrow(expect.objectContaining({ errorName: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }));
    expect(log.logEndOffset).toBe(12n);
  });

  test.each(['clean', 'crash'] as const)('I2, I3: they are known after a %s stop too', async (how) => {
    const world = startWorld();
    const { directory, log } = await createLog(world, { segmentBytes: 400 });
    for (let sequence = 0; sequence < 10; sequence++) send(log, { sequence });
    await log.flush();

    const again = await reopen(world, how, () => directory.close());

    for (let sequence = 5; sequence < 10; sequence++)
      expect(send(again, { sequence })).toMatchObject({ firstOffset: BigInt(sequence), duplicate: true });
    expect(() => send(again, { sequence: 11 })).toThrow('sequence 11 where 10 is due');
    expect(send(again, { sequence: 10 })).toMatchObject({ firstOffset: 10n, duplicate: false });
  });

  test.each([
    { sent: { sequence: 2 }, error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', because: 'there is a gap' },
    { sent: { sequence: 0, records: 3 }, error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', because: 'it is a repeat of another length' },
    { sent: { sequence: 1, epoch: 4 }, error: 'INVALID_PRODUCER_EPOCH', because: 'its epoch is fenced' },
    { sent: { sequence: 1, epoch: 6 }, error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', because: 'an epoch begins with 0' },
  ])('I1, I4: $sent is refused with $error: $because', async ({ sent, error }) => {
    const { log } = await createLog(startWorld());
    send(log, { sequence: 0, epoch: 5 });

    expect(() => send(log, { epoch: 5, ...sent })).toThrow(expect.objectContaining({ errorName: error }));
    expect(log.logEndOffset).toBe(1n);
  });

  test('I1: sequences go on from the largest int32 to 0, also within a batch', async () => {
    const { log } = await createLog(startWorld());
    send(log, { sequence: 0x7ffffffe, records: 4 });

    expect(send(log, { sequence: 2 })).toMatchObject({ firstOffset: 4n });
    expect(send(log, { sequence: 0x7ffffffe, records: 4 })).toMatchObject({ firstOffset: 0n, duplicate: true });
  });

  test('I6: a producer that was forgotten for its idleness may go on with any sequence', async () => {
    const world = startWorld();
    const { log } = await createLog(world, { producerIdExpirationMs: 1000 });
    send(log, { sequence: 0 });
    await world.clock.advance(2000);

    await log.applyRetention(world.clock.now());

    expect(log.activeProducers()).toEqual([]);
    expect(send(log, { sequence: 9 })).toMatchObject({ firstOffset: 1n, duplicate: false });
  });

  test('what a truncation takes away is not a duplicate any more', async () => {
    const { log } = await createLog(startWorld(), { segmentBytes: 300 });
    for (let sequence = 0; sequence < 10; sequence++) send(log, { sequence });

    await log.truncateTo(6n);

    expect(send(log, { sequence: 5 })).toMatchObject({ firstOffset: 5n, duplicate: true });
    expect(send(log, { sequence: 6 })).toMatchObject({ firstOffset: 6n, duplicate: false });
  });
});

describe('transactions', () => {
  test.each(['clean', 'crash'] as const)('open and aborted ones are known after a %s stop', async (how) => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    send(log, { sequence: 0, isTransactional: true });
    endTransaction(log, 'ABORT', { coordinatorEpoch: 3 });
    send(log, { sequence: 1, isTransactional: true });
    await log.flush();

    const again = await reopen(world, how, () => directory.close());
    again.highWatermark = 3n;

    expect(again.abortedTransactions(0n, 3n)).toEqual([{ producerId: 7n, firstOffset: 0n, lastOffset: 1n, lastStableOffset: 2n }]);
    expect([again.firstUnstableOffset, again.lastStableOffset]).toEqual([2n, 2n]);
    expect(again.activeProducers()).toMatchObject([{ producerId: 7n, coordinatorEpoch: 3, currentTxnFirstOffset: 2n }]);
  });

  test('T7: the last stable offset stays at a transaction until its marker is below the high watermark', async () => {
    const { log } = await createLog(startWorld());
    send(log, { sequence: 0 });
    send(log, { sequence: 0, producerId: 8n, isTransactional: true });
    log.highWatermark = 2n;
    expect(log.lastStableOffset).toBe(1n);

    endTransaction(log, 'COMMIT', { producerId: 8n });
    expect(log.lastStableOffset).toBe(1n);
    log.highWatermark = 3n;
    expect(log.lastStableOffset).toBe(3n);
  });

  test('T8: a marker of an older coordinator, and a batch outside of the open transaction, are refused', async () => {
    const { log } = await createLog(startWorld());
    send(log, { sequence: 0, isTransactional: true });
    endTransaction(log, 'COMMIT', { coordinatorEpoch: 3 });
    send(log, { sequence: 1, isTransactional: true });

    expect(() => endTransaction(log, 'ABORT', { coordinatorEpoch: 2 })).toThrow(
      expect.objectContaining({ errorName: 'TRANSACTION_COORDINATOR_FENCED' }),
    );
    expect(() => send(log, { sequence: 2 })).toThrow(expect.objectContaining({ errorName: 'INVALID_TXN_STATE' }));
  });

  test('T7: a follower, one that was started again, and one that was cut back know the same of transactions as the leader', async () => {
    const { log } = await createLog(startWorld(), { segmentBytes: 400 });
    const world = startWorld(2);
    const { log: follower } = await createLog(world, { segmentBytes: 400 });
    const copy = async (to: PartitionLog) => to.appendAsFollower(await log.read(to.logEndOffset, 1_000_000, log.logEndOffset));
    const known = (of: PartitionLog) => ({
      aborted: of.abortedTransactions(0n, of.logEndOffset),
      firstUnstable: of.firstUnstableOffset,
      producers: of
        .activeProducers()
        .map(({ lastSeenMs: _, batches, ...rest }) => ({ ...rest, last: batches.at(-1) }))
        .sort((a, b) => Number(a.producerId - b.producerId)),
    });
    const states: { end: bigint; state: unknown }[] = [];
    // Three producers whose transactions overlap: some open, some aborted, some committed at every point.
    for (let step = 0; step < 24; step++) {
      const producerId = BigInt(step % 3);
      const epoch = Math.floor(step / 6);
      if (Math.floor(step / 3) % 2 === 0) send(log, { sequence: 0, epoch, producerId, isTransactional: true });
      else endTransaction(log, step % 2 === 0 ? 'ABORT' : 'COMMIT', { producerId, epoch: epoch + 1, coordinatorEpoch: step });
      while (follower.logEndOffset < log.logEndOffset) await copy(follower);
      for (const one of [log, follower]) one.highWatermark = one.logEndOffset;
      states.push({ end: log.logEndOffset, state: known(log) });
      expect(known(follower)).toEqual(known(log));
    }
    expect(log.abortedTransactions(0n, log.logEndOffset).length).toBeGreaterThan(3);

    await follower.flush();
    world.disk = world.disk.crash('strict');
    const again = (await openDirectory(world)).partition('orders', 0)!;
    again.highWatermark = again.logEndOffset;
    expect(known(again)).toEqual(known(log));
    for (const { end, state } of states.reverse()) {
      await again.truncateTo(end);
      expect(known(again)).toEqual(state);
    }
  });

  test('T7, P10: after a start nothing counts as stable whose marker may lie above the high watermark', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    send(log, { sequence: 0, isTransactional: true });
    send(log, { sequence: 0, producerId: 8n });
    endTransaction(log, 'COMMIT');

    const again = await reopen(world, 'clean', () => directory.close());

    again.highWatermark = 2n;
    expect(again.lastStableOffset).toBe(0n);
    again.highWatermark = 3n;
    expect(again.lastStableOffset).toBe(3n);
  });
});
