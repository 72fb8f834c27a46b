import { expect, test } from 'vitest';
import { CommittedOffsets } from './committed-offsets.ts';
import { RecordHistory } from './record-history.ts';

const topic = 'topic';

/** Three values, acknowledged one after another at 0, 1 and 2. */
function written(): RecordHistory {
  const history = new RecordHistory();
  for (let i = 0; i < 3; i++) acknowledge(history, BigInt(i), `idempotent-1:${i}:`);
  return history;
}

function acknowledge(history: RecordHistory, offset: bigint, value: string): void {
  history.acknowledge(topic, 0, offset, value, history.attempt(topic, 0, value));
}

function records(...values: string[]) {
  return values.map((value, index) => ({ offset: BigInt(index), value }));
}

test('a history in which everything is as it was acknowledged is in order', () => {
  expect(() => written().checkFinal(topic, 0, 0n, records('idempotent-1:0:', 'idempotent-1:1:', 'idempotent-1:2:'))).not.toThrow();
});

test.each([
  { what: 'an acknowledged record is lost', final: ['idempotent-1:0:', 'idempotent-1:1:'], invariant: 'P1' },
  { what: 'an acknowledged record is another one now', final: ['idempotent-1:0:', 'idempotent-1:2:', 'idempotent-1:1:'], invariant: 'P1' },
  { what: 'a record is there twice', final: ['idempotent-1:0:', 'idempotent-1:1:', 'idempotent-1:2:', 'idempotent-1:2:'], invariant: 'I2' },
  {
    what: 'there is a record that nobody wrote',
    final: ['idempotent-1:0:', 'idempotent-1:1:', 'idempotent-1:2:', 'x:0:'],
    invariant: 'P13',
  },
])('$what ($invariant)', ({ final, invariant }) => {
  expect(() => written().checkFinal(topic, 0, 0n, records(...final))).toThrow(expect.objectContaining({ invariant }));
});

test('a gap in the log is found (P2)', () => {
  const gap = [...records('idempotent-1:0:'), { offset: 2n, value: 'idempotent-1:2:' }];

  expect(() => written().checkFinal(topic, 0, 0n, gap)).toThrow(expect.objectContaining({ invariant: 'P2' }));
});

test('what was deleted by request may be gone, and nothing beyond it (P1)', () => {
  const history = written();
  history.deleteBelow(topic, 0, 1n);
  const rest = [
    { offset: 1n, value: 'idempotent-1:1:' },
    { offset: 2n, value: 'idempotent-1:2:' },
  ];

  expect(() => history.checkFinal(topic, 0, 1n, rest)).not.toThrow();
  expect(() => history.checkFinal(topic, 0, 2n, rest.slice(1))).toThrow(expect.objectContaining({ invariant: 'P1' }));
});

test('what was sent after an acknowledgement does not lie before it (P12)', () => {
  const history = new RecordHistory();
  acknowledge(history, 5n, 'a:0:');
  const beyond = history.attempt(topic, 0, 'b:0:');

  expect(() => history.acknowledge(topic, 0, 4n, 'b:0:', beyond)).toThrow(expect.objectContaining({ invariant: 'P12' }));
});

test('what was refused is never read (P16)', () => {
  const history = new RecordHistory();
  history.attempt(topic, 0, 'a:0:');
  history.refuse(topic, 0, 'a:0:', 'NOT_ENOUGH_REPLICAS');

  expect(() => history.read(topic, 0, 0n, 'a:0:')).toThrow(expect.objectContaining({ invariant: 'P16' }));
});

test('what was read once is there for ever (P13)', () => {
  const history = written();
  history.attempt(topic, 0, 'b:0:');

  expect(() => history.read(topic, 0, 1n, 'b:0:')).toThrow(expect.objectContaining({ invariant: 'P13' }));
});

test('what no leader has shown as committed is not read (P10)', () => {
  const committed = new CommittedOffsets();
  committed.raise(topic, 0, 1n);
  const history = new RecordHistory({ committed });
  for (const value of ['a:0:', 'a:1:']) history.attempt(topic, 0, value);

  history.read(topic, 0, 0n, 'a:0:');
  expect(() => history.read(topic, 0, 1n, 'a:1:')).toThrow(expect.objectContaining({ invariant: 'P10' }));
});

test('records that a leader alone had acknowledged may be lost, and keep their order (P15)', () => {
  const history = new RecordHistory();
  for (let i = 0; i < 3; i++) {
    history.attempt(topic, 0, `acks-1-1:${i}:`);
    history.acknowledgeWeakly(topic, 0, BigInt(i), `acks-1-1:${i}:`);
  }

  expect(() => history.checkFinal(topic, 0, 0n, records('acks-1-1:0:', 'acks-1-1:2:'))).not.toThrow();
  expect(() => history.checkFinal(topic, 0, 0n, records('acks-1-1:2:', 'acks-1-1:0:'))).toThrow();
});

test('where power cuts may lose records, what is there is judged all the same', () => {
  const history = new RecordHistory({ mayLose: true });
  for (let i = 0; i < 2; i++) acknowledge(history, BigInt(i), `idempotent-1:${i}:`);

  expect(() => history.checkFinal(topic, 0, 0n, records('idempotent-1:0:'))).not.toThrow();
  expect(() => history.checkFinal(topic, 0, 0n, records('idempotent-1:0:', 'idempotent-1:0:'))).toThrow(
    expect.objectContaining({ invariant: 'I2' }),
  );
});
