import { beforeEach, describe, expect, test } from 'vitest';
import type { Life } from './producer-lives.ts';
import { type Transaction, TransactionHistory } from './transaction-history.ts';

const place = 'topic/0';
let history: TransactionHistory;
let life: Life;
let transaction: Transaction;

beforeEach(() => {
  history = new TransactionHistory();
  life = started(0);
  transaction = history.begin(life);
  write('a', 0n);
});

function started(producerEpoch: number): Life {
  const begun = history.lives.begin('payer', `payer.${producerEpoch}`);
  history.lives.started(begun, { producerId: 1n, producerEpoch }, history.clock.tick());
  return begun;
}

function write(value: string, offset: bigint): void {
  history.send(transaction, place, value);
  history.acknowledge(place, offset, value);
}

function commit(): void {
  const sentAt = history.clock.tick();
  history.askToCommit(transaction);
  history.ended(transaction, 'committed', sentAt);
}

test('a transaction that was committed is seen, whole', () => {
  commit();
  history.readCommitted(place, 0n, 'a');

  expect(() => history.checkFinal(new Set(['a']))).not.toThrow();
});

test('one whose commit was not answered may be seen or not', () => {
  history.askToCommit(transaction);

  expect(() => history.checkFinal(new Set())).not.toThrow();
});

test('one that was aborted is left out', () => {
  history.abandon(transaction);
  history.leftOut(place, 0n, 'a');

  expect(() => history.checkFinal(new Set())).not.toThrow();
});

describe.each([
  { invariant: 'T2', what: 'an open one is read', act: () => history.readCommitted(place, 0n, 'a') },
  {
    invariant: 'T1',
    what: 'a committed one is left out',
    act: () => {
      commit();
      history.leftOut(place, 0n, 'a');
    },
  },
  {
    invariant: 'T1',
    what: 'a committed one is not visible in the end',
    act: () => {
      commit();
      history.checkFinal(new Set());
    },
  },
  {
    invariant: 'T1',
    what: 'a part of one is visible in the end',
    act: () => {
      write('b', 1n);
      history.askToCommit(transaction);
      history.checkFinal(new Set(['b']));
    },
  },
  {
    invariant: 'T1',
    what: 'one is read, and its client is told that it was aborted',
    act: () => {
      history.askToCommit(transaction);
      history.readCommitted(place, 0n, 'a');
      history.ended(transaction, 'aborted', history.clock.tick());
    },
  },
  {
    invariant: 'T1',
    what: 'an open one is passed by the last stable offset, and committed after that',
    act: () => {
      history.stable(place, 1n);
      commit();
    },
  },
  {
    invariant: 'T4',
    what: 'a producer that was fenced commits',
    act: () => {
      started(1);
      commit();
    },
  },
  {
    invariant: 'T4',
    what: 'a producer that was fenced writes',
    act: () => {
      started(1);
      write('b', 1n);
    },
  },
  {
    invariant: 'T4',
    what: 'a record of a fenced producer lies behind one that was sent after the fence',
    act: () => {
      history.send(transaction, place, 'late');
      const other = history.begin(started(1));
      history.send(other, place, 'new');
      history.checkOrder(place, [
        { offset: 0n, value: 'a' },
        { offset: 1n, value: 'new' },
        { offset: 2n, value: 'late' },
      ]);
    },
  },
  { invariant: 'I2', what: 'a record lies there twice', act: () => history.readUncommitted(place, 7n, 'a') },
  { invariant: 'I5', what: 'two producers are given the same epoch', act: () => started(0) },
  { invariant: 'P13', what: 'a record that nobody wrote is read', act: () => history.readUncommitted(place, 1n, 'z') },
  {
    invariant: 'T6',
    what: 'an offset of an aborted transaction is seen',
    act: () => {
      const { id } = history.offsets.commit('group', place, 5n, 'payer', { transaction });
      history.abandon(transaction);
      history.offsets.seen('group', place, { committedOffset: 5n, metadata: id }, history.offsets.now());
    },
  },
])('$invariant', ({ invariant, what, act }) => {
  test(what, () => {
    expect(act).toThrow(`${invariant}:`);
  });
});
