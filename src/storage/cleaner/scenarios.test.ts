/** Famous ways in which cleaners have lost markers, or records, by their names in the projects where they happened. */
import { describe, expect, test, vi } from 'vitest';
import { buildRecordBatch } from '#protocol';
import { createLog, openDirectory, startWorld } from '../testing.ts';
import { LogCompaction } from './log-compaction.ts';
import { batchesOf, committedRecords, compacted, compactedLog, put, recordsOf, tableOf } from './testing.ts';

const transaction = { producerId: 7n, producerEpoch: 0, isTransactional: true };
/** The bytes that are the key of an abort marker, and of a commit marker. */
const keysOfMarkers = [Buffer.from([0, 0, 0, 0]), Buffer.from([0, 0, 0, 1])];

describe('cleaner-keeps-markers: a reader of committed records is left with what was committed', () => {
  test('KAFKA-14055: records with keys that look like those of markers take no marker away', async () => {
    const { log, write, end, clean } = await compactedLog();
    write([put('a', 'aborted')], { ...transaction, baseSequence: 0 });
    write([put('kept', 'of the reader')], { ...transaction, producerId: 8n, baseSequence: 0 });
    end('ABORT', 7n);
    end('COMMIT', 8n);
    for (const key of keysOfMarkers) write([{ key, value: 'later' }]);

    await clean();

    expect((await recordsOf(log)).filter((record) => record.includes('marker'))).toEqual(['2 marker', '3 marker']);
    expect((await committedRecords(log)).map(({ offset }) => offset)).toEqual([1n, 4n, 5n]);
  });

  test('KAFKA-13727: the marker of a transaction that has only begun to be cleaned stays', async () => {
    const { world, log, directory, write, end, close } = await compactedLog({ deleteRetentionMs: 0 });
    write([put('a', 'aborted'), put('b', 'aborted')], { ...transaction, baseSequence: 0 });
    for (let i = 0; i < 30; i++) write([put(`key ${i}`, 'x'.repeat(40))]);
    write([put('c', 'aborted')], { ...transaction, baseSequence: 2 });
    end('ABORT', 7n);
    write([put('a', 'committed')], { ...transaction, baseSequence: 3 });
    end('COMMIT', 7n);
    await close();

    // There is memory for a few keys only, so that each round ends in the middle of something.
    const rounds = vi.spyOn(log.compaction, 'cleaned');
    const seen: (string | undefined)[][] = [];
    rounds.mockImplementation(async (upTo) => {
      const visible = tableOf(await committedRecords(log));
      seen.push(['a', 'b', 'c'].map((key) => visible.get(key)));
      await LogCompaction.prototype.cleaned.call(log.compaction, upTo);
    });
    await world.clock.advance(10);
    await directory.clean({ dedupeBufferBytes: 24 * 8, isEnabled: true });

    expect(seen.length).toBeGreaterThan(4);
    for (const visible of seen) expect(visible).toEqual(['committed', undefined, undefined]);
  });

  test('KAFKA-8351: a transaction that reaches over several segments is one, whichever of them are cleaned together', async () => {
    const { log, write, end, clean } = await compactedLog({ deleteRetentionMs: 0 });
    write([put('b', 'first')]);
    for (let i = 0; i < 40; i++) {
      write([put('a', `aborted ${i}`)], { ...transaction, baseSequence: i });
      write([put(`c ${i}`, 'x'.repeat(30))], { ...transaction, producerId: 8n, baseSequence: i });
    }
    expect(log.segmentOffsets.length).toBeGreaterThan(5);
    end('ABORT', 7n);
    end('COMMIT', 8n);

    for (let round = 0; round < 3; round++) {
      await clean();
      const visible = tableOf(await committedRecords(log));
      expect(visible.has('a'), `round ${round}`).toBe(false);
      expect(visible.size, `round ${round}`).toBeGreaterThanOrEqual(41);
      write([put('d', `${round}`)]);
    }
  });

  test('KAFKA-8335: of transactions whose records are all replaced nothing stays in the end but the last of each producer', async () => {
    const { world, log, write, end, clean } = await compactedLog({ deleteRetentionMs: 50 });
    for (let round = 0; round < 30; round++) {
      write([put('offset', `${round}`)], { ...transaction, baseSequence: round });
      end('COMMIT', 7n);
      await world.clock.advance(100);
      await clean();
    }

    expect((await batchesOf(log)).length).toBeLessThanOrEqual(6);
    expect(tableOf(await committedRecords(log))).toEqual(new Map([['offset', '29']]));
  });
});

test('cleaner-crash-swap (KAFKA-6264): segments whose offsets are further apart than an index can say do not become one', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world, compacted);
  const far = 3_000_000_000n;
  const bases = [0n, 1n, far, far + 1n, far * 2n, far * 2n + 1n];
  for (const [index, baseOffset] of bases.entries()) {
    const records = [put(`key ${index % 2}`, `${index}`)];
    log.appendAsFollower(buildRecordBatch({ records, baseOffset, leaderEpoch: 0, timestamp: 1 }));
  }
  log.roll();
  await log.flush();
  log.highWatermark = log.logEndOffset;

  await directory.clean();
  await directory.clean();

  expect(await recordsOf(log)).toEqual([`${far * 2n} key 0=4`, `${far * 2n + 1n} key 1=5`]);
  const begins = (offset: bigint) => log.segmentOffsets.findLast((base) => base <= offset)!;
  for (const { lastOffset } of await batchesOf(log)) expect(lastOffset - begins(lastOffset)).toBeLessThanOrEqual(0x7fffffffn);
  await directory.close();
  const again = await openDirectory(world, { configFor: () => compacted });
  expect(again.failedPartitions()).toEqual([]);
  expect(await recordsOf(again.partition('orders', 0)!)).toHaveLength(2);
});
