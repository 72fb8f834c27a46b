import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KafkaClient } from '../../support/kafka-client.ts';
import { areThoroughTestsWanted, foreign } from '../installed.ts';
import { Chain, type ChainReport } from './chain.ts';
import { LevelReader } from './level-reader.ts';
import { verdictOf } from './verdict.ts';

const report: ChainReport = { levels: [], seconds: 1, kills: 0, joined: 0, left: 0, lost: 0, failures: [], isStuck: false };

test.each([
  { keys: [0, 1, 2], isRight: true, because: 'every key is there once' },
  { keys: [0, 2], isRight: false, because: 'one is missing' },
  { keys: [0, 1, 2, 2], isRight: false, because: 'one is there twice' },
  { keys: [0, 2, 1], isRight: false, because: 'the partition has another order' },
])('T9: a level of $keys is right: $isRight, since $because', ({ keys, isRight }) => {
  using client = new KafkaClient('localhost:1');
  const reader = new LevelReader(client, 'level-1', 1);

  for (const key of keys) reader.add(0, key);

  expect(verdictOf({ ...report, levels: [reader.faults(3)] }, 3).isRight).toBe(isRight);
});

test('a chain that got stuck is not right, whatever has arrived', () => {
  expect(verdictOf({ ...report, isStuck: true }, 0).isRight).toBe(false);
});

describe.runIf(areThoroughTestsWanted && foreign.javaPrograms !== undefined)('the chain, a short one', () => {
  test('T1, T6, T9: 5,000 records pass three levels exactly once, though members come and go and a broker is killed', {
    timeout: 400_000,
  }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'chain-'));
    const told: string[] = [];
    const options = { records: 5000, levels: 3, rate: 1000, everyMs: 4000, mostKills: 1, seed: 1 };
    const chain = new Chain({ ...options, directory, progress: (line) => told.push(line) });
    try {
      const { isRight, lines } = verdictOf(await chain.run(), options.records);

      expect(isRight, [...told, ...lines].join('\n')).toBe(true);
    } finally {
      await chain.stop({ keep: false });
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
