import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PersistentMap } from './persistent-map.ts';

const operations = fc.array(
  fc.record({ key: fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('__proto__', 'constructor')), value: fc.option(fc.nat()) }),
  {
    maxLength: 400,
  },
);

test('a persistent map holds what a plain map holds, and every version stays as it was', () => {
  fc.assert(
    fc.property(operations, (list) => {
      const plain = new Map<string, number>();
      let map = PersistentMap.empty<string, number>();
      const versions: { map: PersistentMap<string, number>; expected: Map<string, number> }[] = [];
      for (const { key, value } of list) {
        if (value === null) plain.delete(key);
        else plain.set(key, value);
        map = value === null ? map.delete(key) : map.set(key, value);
        versions.push({ map, expected: new Map(plain) });
      }

      for (const version of versions.filter((_, index) => index % 37 === 0 || index === versions.length - 1)) {
        expect(version.map.size).toBe(version.expected.size);
        expect(version.map.keys()).toEqual([...version.expected.keys()].sort());
        for (const [key, value] of version.expected) expect(version.map.get(key)).toBe(value);
      }
    }),
  );
});

test('numbers are sorted as numbers', () => {
  const map = PersistentMap.of<number, string>([10, 9, 100, 1].map((key) => [key, String(key)]));

  expect(map.keys()).toEqual([1, 9, 10, 100]);
  expect(map.values()).toEqual(['1', '9', '10', '100']);
});

test('many entries are all found again', () => {
  let map = PersistentMap.empty<string, number>();
  for (let index = 0; index < 5000; index++) map = map.set(`topic-${index}`, index);

  expect(map.size).toBe(5000);
  for (let index = 0; index < 5000; index++) expect(map.get(`topic-${index}`)).toBe(index);
  expect(map.has('topic-5000')).toBe(false);
});
