import { describe, expect, test } from 'vitest';
import { Coordinated, refusal, transactionalId } from './testing.ts';
import type { Producer } from './transaction.ts';

const first: Producer = { producerId: 1n, producerEpoch: 0 };
const v1 = 0;

/** A coordinator whose producer has an epoch, with nothing open. */
function started(producerEpoch = 0): Coordinated {
  const coordinated = new Coordinated();
  coordinated.init();
  const transaction = coordinated.core.get(transactionalId)!;
  if (producerEpoch > 0) coordinated.carryOut({ records: [{ transactionalId, transaction: { ...transaction, producerEpoch } }] });
  return coordinated;
}

function at(producerEpoch: number, producerId = 1n): Producer {
  return { producerId, producerEpoch };
}

describe('a producer that starts', () => {
  test('T4: gets an id, and with every start the next epoch, which fences all before', () => {
    const coordinated = started();
    expect(coordinated.core.get(transactionalId)).toMatchObject({ status: 'Empty', ...first });

    expect(coordinated.init()).toEqual({ errorCode: 'NONE', producer: at(1) });

    expect(refusal(() => coordinated.add(first))).toBe('PRODUCER_FENCED');
    expect(refusal(() => coordinated.end(first, false))).toBe('PRODUCER_FENCED');
    expect(coordinated.add(at(1))).toBe(true);
  });

  test('T4: has an open transaction of its predecessor aborted first, in an epoch that is nobody’s, and is told to ask again', () => {
    const coordinated = started();
    coordinated.add(first, [0, 1]);

    expect(coordinated.init().errorCode).toBe('CONCURRENT_TRANSACTIONS');
    expect(coordinated.markers).toEqual([
      { transactionalId, ...at(1), committed: false, transactionVersion: 0, partitions: new Map([['orders', new Set([0, 1])]]) },
    ]);
    expect(refusal(() => coordinated.init())).toBe('CONCURRENT_TRANSACTIONS');
    expect(refusal(() => coordinated.end(first, true))).toBe('PRODUCER_FENCED');

    coordinated.complete();
    expect(coordinated.init()).toEqual({ errorCode: 'NONE', producer: at(2) });
  });

  test('KIP-360: names what it has to get the next epoch, and may ask again when the answer got lost, also for a used up id', () => {
    const coordinated = started();

    expect(coordinated.init({ known: first }).producer).toEqual(at(1));
    expect(coordinated.init({ known: first }).producer).toEqual(at(1));
    expect(coordinated.init({ known: at(1) }).producer).toEqual(at(2));
    expect(refusal(() => coordinated.init({ known: first }))).toBe('PRODUCER_FENCED');
    expect(refusal(() => coordinated.init({ known: at(2, 9n) }))).toBe('PRODUCER_FENCED');

    const exhausted = started(32766);
    expect(exhausted.init({ known: at(32766) }).producer).toEqual(at(0, 2n));
    expect(exhausted.init({ known: at(32766) }).producer).toEqual(at(0, 2n));
  });

  test('KIP-360: of an epoch that is over does not abort the transaction of its successor', () => {
    const coordinated = started(5);
    coordinated.add(at(5));

    expect(refusal(() => coordinated.init({ known: at(4) }))).toBe('PRODUCER_FENCED');
    expect(coordinated.status).toBe('Ongoing');
  });

  test('an id of which nothing is known any more begins anew, whatever the producer names', () => {
    const coordinated = new Coordinated();

    expect(coordinated.init({ known: at(7, 77n) }).producer).toEqual(first);
  });
});

describe('T10: when the epochs of a producer id are used up', () => {
  test.each([32766, 32767])('a start in epoch %i gets another id', (producerEpoch) => {
    expect(started(producerEpoch).init().producer).toEqual(at(0, 2n));
  });

  test('a producer that does not know the last of them is fenced rather than given one too many (KAFKA-18660)', () => {
    const coordinated = started(32766);
    coordinated.add(at(32766));
    coordinated.tick(70_000);
    coordinated.complete();

    expect(coordinated.core.get(transactionalId)).toMatchObject({ status: 'CompleteAbort', producerEpoch: 32767 });
    expect(refusal(() => coordinated.init({ known: at(32766) }))).toBe('PRODUCER_FENCED');
    expect(coordinated.init().producer).toEqual(at(0, 2n));
  });

  test.each([
    true,
    false,
  ])('an end (commit: %s) takes the next transaction to another id, once the markers are written (KAFKA-19367)', (committed) => {
    const coordinated = started(32766);
    coordinated.add(at(32766));

    expect(coordinated.end(at(32766), committed)).toEqual({ errorCode: 'NONE', producer: at(0, 2n) });
    expect(coordinated.markers).toMatchObject([at(32767)]);
    expect(refusal(() => coordinated.add(at(0, 2n)))).toBe('CONCURRENT_TRANSACTIONS');
    expect(refusal(() => coordinated.end(at(32766), committed))).toBe('CONCURRENT_TRANSACTIONS');
    coordinated.move();
    coordinated.complete();

    expect(coordinated.end(at(32766), committed)).toEqual({ errorCode: 'NONE', producer: at(0, 2n) });
    expect(refusal(() => coordinated.end(at(32766), !committed))).toBe('INVALID_TXN_STATE');
    expect(coordinated.add(at(0, 2n))).toBe(true);
  });
});

describe('partitions', () => {
  test('begin the transaction, join it, and are asked for', () => {
    const coordinated = started();
    coordinated.add(first, [0]);
    coordinated.now += 10;
    coordinated.add(first, [1]);
    const records = coordinated.log.length;
    coordinated.add(first, [0, 1]);

    expect(coordinated.log).toHaveLength(records);
    expect(coordinated.core.get(transactionalId)).toMatchObject({ status: 'Ongoing', startMs: 1_000_000, updatedMs: 1_000_010 });
    const ask = (partition: number, producer = first) =>
      refusal(() =>
        coordinated.core.verifyPartition({ transactionalId, ...producer, partitions: new Map([['orders', new Set([partition])]]) }),
      );
    expect([ask(0), ask(1), ask(2)]).toEqual([undefined, undefined, 'TRANSACTION_ABORTABLE']);
    expect([ask(0, at(1)), ask(0, at(0, 2n))]).toEqual(['PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']);
  });

  test.each([
    true,
    false,
  ])('T5: join no transaction that is being ended, and the next only when that is complete (commit: %s)', (committed) => {
    const coordinated = started();
    coordinated.add(first);
    const next = coordinated.end(first, committed).producer!;

    expect(refusal(() => coordinated.add(next))).toBe('CONCURRENT_TRANSACTIONS');
    expect(refusal(() => coordinated.add(first))).toBe('PRODUCER_FENCED');
    coordinated.complete();

    expect(refusal(() => coordinated.add(first))).toBe('PRODUCER_FENCED');
    expect(coordinated.add(next)).toBe(true);
  });

  test('of an id that nobody knows are refused', () => {
    expect(refusal(() => new Coordinated().add(first))).toBe('INVALID_PRODUCER_ID_MAPPING');
  });
});

describe('the end', () => {
  test.each([
    { clientVersion: 2, committed: true, next: at(1), complete: 'CompleteCommit' },
    { clientVersion: 2, committed: false, next: at(1), complete: 'CompleteAbort' },
    { clientVersion: v1, committed: true, next: at(0), complete: 'CompleteCommit' },
    { clientVersion: v1, committed: false, next: at(0), complete: 'CompleteAbort' },
  ])('T1: is decided once; repeats learn of it, and what contradicts it is refused: $complete for version $clientVersion', (given) => {
    const { clientVersion, committed, next, complete } = given;
    const coordinated = started();
    coordinated.add(first, [0], clientVersion);

    expect(coordinated.end(first, committed, clientVersion)).toEqual({ errorCode: 'NONE', producer: next });
    expect(refusal(() => coordinated.end(first, committed, clientVersion))).toBe('CONCURRENT_TRANSACTIONS');
    expect(refusal(() => coordinated.end(first, !committed, clientVersion))).toBe('INVALID_TXN_STATE');
    coordinated.complete();
    expect(coordinated.status).toBe(complete);

    expect(coordinated.end(first, committed, clientVersion)).toEqual({ errorCode: 'NONE', producer: next });
    expect(refusal(() => coordinated.end(first, !committed, clientVersion))).toBe('INVALID_TXN_STATE');
  });

  test('delayed-endtxn-next-txn (KAFKA-17754), T5: of one transaction never ends the next of a version 2 client', () => {
    const coordinated = started();
    coordinated.add(first);
    const second = coordinated.end(first, true).producer!;
    coordinated.complete();
    coordinated.add(second);

    expect(refusal(() => coordinated.end(first, true))).toBe('PRODUCER_FENCED');
    expect(refusal(() => coordinated.end(first, false))).toBe('PRODUCER_FENCED');
    expect(coordinated.status).toBe('Ongoing');
  });

  test.each([
    'Empty',
    'CompleteCommit',
    'CompleteAbort',
  ])('an abort of nothing is legal for version 2, in state %s, and takes an epoch; a commit is not', (state) => {
    const coordinated = started();
    let producer = first;
    if (state !== 'Empty') {
      coordinated.add(producer);
      producer = coordinated.end(producer, state === 'CompleteCommit').producer!;
      coordinated.complete();
    }
    expect(coordinated.status).toBe(state);
    expect(refusal(() => coordinated.end(producer, true))).toBe('INVALID_TXN_STATE');

    const next = coordinated.end(producer, false).producer!;

    expect(next).toEqual(at(producer.producerEpoch + 1));
    expect(coordinated.status).toBe('CompleteAbort');
    expect(coordinated.end(producer, false).producer).toEqual(next);
    expect(coordinated.add(next)).toBe(true);
  });

  test.each([true, false])('of nothing is refused for version 1 (commit: %s)', (committed) => {
    expect(refusal(() => started().end(first, committed, v1))).toBe('INVALID_TXN_STATE');
  });

  test('T8: is complete when its markers are written, however often that is said, and of an older end never', () => {
    const coordinated = started();
    coordinated.add(first);
    const second = coordinated.end(first, true).producer!;
    const [old] = coordinated.markers;
    coordinated.complete();
    coordinated.add(second);
    coordinated.end(second, false);

    coordinated.carryOut(coordinated.core.markersWritten(old!, coordinated.scope));

    expect(coordinated.status).toBe('PrepareAbort');
  });
});

describe('time', () => {
  test('T7: a transaction that is open for longer than its timeout is aborted, and its producer is fenced', () => {
    const coordinated = new Coordinated();
    coordinated.init({ timeoutMs: 5000 });
    coordinated.add(first);

    coordinated.tick(4000);
    expect(coordinated.status).toBe('Ongoing');
    coordinated.tick(1001);

    expect(coordinated.markers).toMatchObject([{ ...at(1), committed: false }]);
    expect(refusal(() => coordinated.end(first, true))).toBe('PRODUCER_FENCED');
    coordinated.complete();
    expect([coordinated.status, coordinated.init().producer]).toEqual(['CompleteAbort', at(2)]);
  });

  test('ids that nobody uses are forgotten, but not while their transaction is not complete', () => {
    const coordinated = new Coordinated();
    for (const id of ['idle', 'also idle']) coordinated.init({ id });
    coordinated.init({ timeoutMs: 10_000_000 });
    coordinated.add(at(0, 3n));

    coordinated.tick(600_000);

    expect(coordinated.core.size).toBe(1);
    expect(coordinated.log.slice(-2)).toEqual([
      { transactionalId: 'idle', transaction: null },
      { transactionalId: 'also idle', transaction: null },
    ]);
    expect(coordinated.status).toBe('Ongoing');
  });
});

describe('txn-stuck-prepare (KAFKA-16352, KAFKA-9777)', () => {
  test.each([
    { committed: true, clientVersion: 2 },
    { committed: false, clientVersion: 2 },
    { committed: true, clientVersion: v1 },
  ])('T1, T7: what was decided before a move is carried out after it, with the same markers: $committed, version $clientVersion', (given) => {
    const coordinated = started();
    coordinated.add(first, [0, 3], given.clientVersion);
    const next = coordinated.end(first, given.committed, given.clientVersion).producer!;
    const before = coordinated.markers;

    coordinated.move();

    expect(coordinated.markers).toEqual(before);
    expect(refusal(() => coordinated.end(first, given.committed, given.clientVersion))).toBe('CONCURRENT_TRANSACTIONS');
    coordinated.complete();
    expect(coordinated.end(first, given.committed, given.clientVersion).producer).toEqual(next);
    expect(coordinated.add(next)).toBe(true);
  });

  test('an open transaction is still open after a move, with its partitions and its timeout', () => {
    const coordinated = new Coordinated();
    coordinated.init({ timeoutMs: 5000 });
    coordinated.add(first, [0, 3]);

    coordinated.move();
    coordinated.tick(6000);

    expect(coordinated.markers).toMatchObject([{ ...at(1), partitions: new Map([['orders', new Set([0, 3])]]) }]);
  });
});
