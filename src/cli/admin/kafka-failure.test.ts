import { expect, test } from 'vitest';
import { kafkaFailure } from './kafka-failure.ts';

test.each([
  ['orders-0: the batch has 9 bytes', 'orders-0: the batch has 9 bytes. (MESSAGE_TOO_LARGE)'],
  ['the batch has 9 bytes', 'The batch has 9 bytes. (MESSAGE_TOO_LARGE)'],
])('"%s" becomes a sentence, and the name of a partition stays as it is', (told, sentence) => {
  expect(kafkaFailure(undefined, 'MESSAGE_TOO_LARGE', told).message).toBe(sentence);
});
