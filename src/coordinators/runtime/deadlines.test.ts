import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';

test('the earliest deadline comes first, and each is taken once', () => {
  const deadlines = new Deadlines();
  for (const at of [30, 10, 20]) deadlines.set(`at ${at}`, at);

  expect(deadlines.next).toBe(10);
  expect([deadlines.takeDue(20), deadlines.takeDue(20), deadlines.takeDue(20)]).toEqual(['at 10', 'at 20', undefined]);
  expect(deadlines.next).toBe(30);
});

test('a deadline that was set again or cancelled does not come at its old time', () => {
  const deadlines = new Deadlines();
  deadlines.set('moved', 10);
  deadlines.set('gone', 11);

  deadlines.set('moved', 50);
  deadlines.cancel('gone');

  expect(deadlines.takeDue(49)).toBeUndefined();
  expect(deadlines.takeDue(50)).toBe('moved');
  expect(deadlines.next).toBeUndefined();
});

test('whatever is set, moved and cancelled, they come in order', () => {
  const deadlines = new Deadlines();
  const expected = new Map<string, number>();
  let seed = 7;
  const draw = (bound: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % bound;
  };
  for (let step = 0; step < 20_000; step++) {
    const key = `key ${draw(200)}`;
    if (draw(10) === 0) {
      deadlines.cancel(key);
      expected.delete(key);
    } else {
      const at = draw(100_000);
      deadlines.set(key, at);
      expected.set(key, at);
    }
  }

  const taken: number[] = [];
  for (let key = deadlines.takeDue(1e9); key !== undefined; key = deadlines.takeDue(1e9)) taken.push(expected.get(key)!);

  expect(taken).toEqual([...expected.values()].sort((a, b) => a - b));
});
