import { expect, test } from 'vitest';
import { checkAcknowledgements } from './kafkas-producer.ts';

const log = ['0', '2', '3', '7'].map((value, i) => ({ offset: BigInt(i), value }));
const acknowledged = log.map(({ offset, value }) => ({ partition: 1, offset, value }));

test('a partition that holds what was acknowledged, rising, is right; records of other partitions do not matter', () => {
  expect(checkAcknowledgements(1, acknowledged, log)).toEqual([]);
  expect(checkAcknowledgements(0, acknowledged, [])).toEqual([]);
});

test('a lost, a repeated and a misplaced record are found', () => {
  expect(checkAcknowledgements(1, acknowledged, log.slice(0, 3))).toEqual(["Kafka's producer was told that 7 is at 1/3; there is nothing"]);
  expect(checkAcknowledgements(1, acknowledged, [...log, { offset: 4n, value: '7' }])).toEqual([
    "Kafka's producer: 7 at 1/4 comes after 7",
  ]);
  expect(checkAcknowledgements(1, acknowledged, [...log.slice(0, 2), { offset: 2n, value: '7' }, { offset: 3n, value: '3' }])).toHaveLength(
    3,
  );
});
