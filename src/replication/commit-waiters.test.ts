import { expect, test } from 'vitest';
import { CommitWaiters } from './commit-waiters.ts';
import { Observed } from './testing.ts';

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

test('a producer goes on when the high watermark has passed its last record, not when it has reached it', async () => {
  const waiters = new CommitWaiters();
  const waiting = new Observed(waiters.add(4n, 1000));

  waiters.release(4n);
  await settled();
  expect(waiting.state).toBe('waiting');

  waiters.release(5n);
  await settled();
  expect(waiting.state).toBe('resolved');
  expect(waiters.size).toBe(0);
});

test('a duplicate that waits for an earlier offset does not hold up, and is not held up by, the others', async () => {
  const waiters = new CommitWaiters();
  const later = new Observed(waiters.add(9n, 1000));
  const duplicate = new Observed(waiters.add(2n, 1000));

  waiters.release(3n);
  await settled();

  expect([later.state, duplicate.state]).toEqual(['waiting', 'resolved']);
});

test('whose time is over is told that the outcome is unknown; the others go on waiting', async () => {
  const waiters = new CommitWaiters();
  const late = new Observed(waiters.add(1n, 1000));
  const patient = new Observed(waiters.add(1n, 1001));

  waiters.expire(1000);
  await settled();

  expect([late.errorName, patient.state, waiters.size]).toEqual(['REQUEST_TIMED_OUT', 'waiting', 1]);
});

test('a failure ends all of them, and the next ones wait again', async () => {
  const waiters = new CommitWaiters();
  const first = new Observed(waiters.add(1n, 1000));
  waiters.fail(new Error('gone'));
  const second = new Observed(waiters.add(1n, 1000));
  await settled();

  expect([first.state, second.state]).toEqual(['rejected', 'waiting']);
});
