import { expect, test } from 'vitest';
import { allApis, apiByKey, removedApis } from './index.ts';

test('every key from 0 to 94 is an API of its own, but for those that Kafka has removed', () => {
  const keys = [...allApis.keys(), ...removedApis.map(({ key }) => key)].sort((a, b) => a - b);

  expect(keys).toEqual(Array.from({ length: 95 }, (_, key) => key));
  for (const [key, api] of allApis) expect(api.key).toBe(key);
});

test('names are unique', () => {
  expect(new Set([...allApis.values()].map((api) => api.name)).size).toBe(allApis.size);
});

test('a key that no API has finds nothing', () => {
  expect(apiByKey(3)?.name).toBe('Metadata');
  expect(apiByKey(4)).toBeUndefined();
  expect(apiByKey(-1)).toBeUndefined();
});

test('only InitProducerId has a version that may still change', () => {
  expect([...allApis.values()].filter((api) => api.latestVersionUnstable).map((api) => api.name)).toEqual(['InitProducerId']);
});
