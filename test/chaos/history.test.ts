import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadHistory, streamOf } from './history.ts';
import { HistoryFile } from './history-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'history-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('what was written is what is checked: outcomes, offsets, and sends without an answer as unknown', async () => {
  const file = new HistoryFile(join(directory, 'history.jsonl'));
  const sends = ['a/1/0', 'a/1/1', 'a/1/2', 'a/1/3'].map((value) => file.send('a', 1, [value, `${value}x`], true));
  file.ok(sends[1]!, 1, 40, 2);
  file.fail(sends[0]!, 'refused', 2);
  file.info(sends[2]!, 'no answer', 2);
  file.fault('kill 1');
  file.read({
    process: 'r',
    broker: 2,
    partition: 1,
    asked: 40,
    invokedAt: 1,
    records: [{ offset: 40, value: 'a/1/1' }],
    highWatermark: 42,
  });
  file.read({
    process: 'r',
    broker: 2,
    partition: 1,
    asked: 40,
    invokedAt: 2,
    records: [{ offset: 41, value: 'a/1/1x' }],
    finalReading: 1,
  });
  file.end('r', 2, 1, 3, 42);
  await file.close();

  const history = await loadHistory(file.path);

  expect(history.sends.map(({ values, outcome, offset }) => [values.map((value) => history.text(value)), outcome, offset])).toEqual([
    [['a/1/1', 'a/1/1x'], 'ok', 40],
    [['a/1/0', 'a/1/0x'], 'fail', undefined],
    [['a/1/2', 'a/1/2x'], 'info', undefined],
    [['a/1/3', 'a/1/3x'], 'info', undefined],
  ]);
  expect(history.sends.map(({ completedAt }) => Number.isFinite(completedAt))).toEqual([true, true, false, false]);
  expect(history.reads.map(({ offsets, highWatermark, finalReading }) => [offsets, highWatermark, finalReading])).toEqual([
    [undefined, 42, undefined],
    [[41], undefined, 1],
  ]);
  expect(history.finalReadings).toEqual([1]);
  expect(history.finalLogs(1).get(1)?.[41]).toBe(history.idOf('a/1/1x'));
  expect(history.ends).toEqual([{ process: 'r', partition: 1, offset: 42 }]);
  expect(file.total()).toEqual({ ok: 2, fail: 2, info: 2, read: 2 });
});

test('a value names its stream and its number there', () => {
  expect(streamOf('kafkajs-1.3/5/17')).toEqual({ stream: 'kafkajs-1.3/5', number: 17 });
});
