import { batchesIn, type RecordBatch, readEndTransactionMarker } from '#protocol';
import type { CoordinatorCore, CoordinatorLog, RecordCodec } from './core.ts';

type ReplayingCore<CoordinatorRecord> = Pick<CoordinatorCore<CoordinatorRecord>, 'replay' | 'replayTransactionEnd'>;

/**
 * Replays a partition from its start to the end that it has when this begins, all of it committed. A new leader learns what is committed only when its
 * followers have fetched, so that this may have to wait; a state that lacks acknowledged records is never served (G8).
 * @param isOver whether the leadership has ended meanwhile: it is given up then
 * @returns whether all was replayed
 */
export async function load<CoordinatorRecord>(
  core: ReplayingCore<CoordinatorRecord>,
  log: CoordinatorLog,
  codec: RecordCodec<CoordinatorRecord>,
  isOver: () => boolean,
): Promise<boolean> {
  const end = log.logEndOffset;
  let offset = log.logStartOffset;
  while (offset < end) {
    await committedBeyond(log, offset, isOver);
    if (isOver()) return false;
    const bytes = await log.read(offset);
    if (isOver()) return false;
    let next = offset;
    for (const batch of batchesIn(bytes)) {
      replayBatch(core, batch, offset, codec);
      next = batch.lastOffset + 1n;
    }
    // To read on at the same place would be to load for ever (KAFKA-9065).
    if (next === offset)
      throw new Error(`nothing can be read at offset ${offset}, although the log is committed up to ${log.highWatermark}`);
    offset = next;
  }
  return true;
}

function replayBatch<CoordinatorRecord>(
  core: ReplayingCore<CoordinatorRecord>,
  batch: RecordBatch,
  from: bigint,
  codec: RecordCodec<CoordinatorRecord>,
): void {
  const { producerId, producerEpoch } = batch;
  for (const { offset, key, value } of batch.records()) {
    if (offset < from || key === null) continue;
    if (batch.isControl) {
      const marker = readEndTransactionMarker({ key, value });
      if (marker !== undefined) core.replayTransactionEnd?.({ producerId, producerEpoch, committed: marker.type === 'COMMIT' });
      continue;
    }
    const record = codec.decode(key, value);
    if (record === undefined) continue;
    core.replay(record, { offset, producerId: batch.isTransactional ? producerId : -1n, producerEpoch });
  }
}

function committedBeyond(log: CoordinatorLog, offset: bigint, isOver: () => boolean): Promise<void> {
  if (log.highWatermark > offset || isOver()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = log.watch(() => {
      if (log.highWatermark <= offset && !isOver()) return;
      stop();
      resolve();
    });
  });
}
