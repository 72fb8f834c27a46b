import { expect, test } from 'vitest';
import { complaints } from './check-files.ts';

const good = [
  'Dumping /data/ledger-0/00000000000000000000.log',
  'Log starting offset: 0',
  'baseOffset: 0 lastOffset: 4 count: 5 baseSequence: 0 lastSequence: 4 producerId: 1 producerEpoch: 0 partitionLeaderEpoch: 0 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1 size: 500 magic: 2 compresscodec: none crc: 7 isvalid: true',
  '| offset: 0 CreateTime: 1 keySize: 5 valueSize: 20 sequence: 0 headerKeys: [error]',
  'Non-consecutive offsets in /data/ledger-0/00000000000000000500.log',
  '  -1 is followed by 500',
  '',
];

test('what dump-log prints of a right log is no complaint', () => {
  expect(complaints(good.join('\n'))).toEqual([]);
});

test.each([
  good[2]!.replace('isvalid: true', 'isvalid: false'),
  'Found 17 invalid bytes at the end of 00000000000000000000.log',
  'Mismatches in :/data/ledger-0/00000000000000000000.index',
  'Found timestamp mismatch in :/data/ledger-0/00000000000000000000.timeindex',
  'Found out of order timestamp in :/data/ledger-0/00000000000000000000.timeindex',
  '  7 is followed by 9',
  '| offset: 3 CreateTime: 1 keySize: -1 valueSize: 8 sequence: -1 headerKeys: [] payload: Error at 3, skipping. no such record',
  'org.apache.kafka.common.errors.CorruptRecordException: Record is corrupt',
])('"%s" is a complaint', (line) => {
  expect(complaints([...good, line].join('\n'))).toEqual([line]);
});
