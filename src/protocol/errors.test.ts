import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { asKafkaError, errorCode, errorName, errorNames, errorSentence, isRetriable, KafkaError } from './errors.ts';

/** What Kafka's own class `Errors` says; test/golden/README.md tells how the list is made. */
const ofKafka: { code: number; name: string; retriable: boolean }[] = JSON.parse(
  readFileSync(new URL('../../test/golden/errors-4.4.0.json', import.meta.url), 'utf8'),
);

test('names, codes and retriability are those of Apache Kafka', () => {
  const ours = errorNames.map((name) => ({ code: errorCode(name), name, retriable: isRetriable(name) }));

  expect(ours).toEqual(ofKafka);
});

test.each(errorNames)('%s is found again by its code', (name) => {
  expect(errorName(errorCode(name))).toBe(name);
});

test.each([-2, 137, 32767])('the unknown code %i reads as UNKNOWN_SERVER_ERROR', (code) => {
  expect(errorName(code)).toBe('UNKNOWN_SERVER_ERROR');
});

test('every error has a sentence of its own', () => {
  const sentences = errorNames.map(errorSentence);

  expect(new Set(sentences).size).toBe(errorNames.length);
  for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
});

test('a KafkaError without a message says the sentence of its error', () => {
  const error = new KafkaError('NOT_CONTROLLER');

  expect(error).toBeInstanceOf(Error);
  expect(error.errorName).toBe('NOT_CONTROLLER');
  expect(error.message).toBe(errorSentence('NOT_CONTROLLER'));
});

test('a KafkaError keeps its message and its cause', () => {
  const cause = new Error('disk on fire');

  const error = new KafkaError('KAFKA_STORAGE_ERROR', 'cannot write segment 5', { cause });

  expect(error.message).toBe('cannot write segment 5');
  expect(error.cause).toBe(cause);
});

test('a KafkaError stays as it is when it is caught', () => {
  const error = new KafkaError('NOT_CONTROLLER');

  expect(asKafkaError(error)).toBe(error);
});

test.each([
  { thrown: new RangeError('out of range'), message: 'out of range' },
  { thrown: 'a string', message: 'a string' },
])('anything else that is thrown becomes UNKNOWN_SERVER_ERROR and its cause', ({ thrown, message }) => {
  const error = asKafkaError(thrown);

  expect(error.errorName).toBe('UNKNOWN_SERVER_ERROR');
  expect(error.message).toBe(message);
  expect(error.cause).toBe(thrown);
});
