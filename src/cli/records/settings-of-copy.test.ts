import { expect, test } from 'vitest';
import { settingsToTake } from './settings-of-copy.ts';

test('a copy is made with what decides what its source keeps, whoever has set it, and not with what is of its cluster', () => {
  const [topic, brokers, byItself] = [1, 4, 5];

  const taken = settingsToTake([
    { name: 'cleanup.policy', value: 'compact', configSource: topic },
    { name: 'retention.ms', value: '-1', configSource: brokers },
    { name: 'segment.bytes', value: '1073741824', configSource: byItself },
    { name: 'min.insync.replicas', value: '2', configSource: topic },
    { name: 'leader.replication.throttled.replicas', value: '*', configSource: topic },
    { name: 'remote.storage.enable', value: 'true', configSource: topic },
    { name: 'message.timestamp.before.max.ms', value: '1000', configSource: topic },
    { name: 'message.timestamp.type', value: 'LogAppendTime', configSource: topic },
  ]);

  expect(taken).toEqual([
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'retention.ms', value: '-1' },
  ]);
});
