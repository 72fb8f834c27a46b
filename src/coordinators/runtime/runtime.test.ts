import { expect, test } from 'vitest';
import { SimulatedWorld, silentLogger } from '#platform';
import { KafkaError } from '#protocol';
import type { CoordinatorCore, RecordCodec, RecordPlace, TransactionEnd } from './core.ts';
import type { Decision, Scope } from './decision.ts';
import { CoordinatorRuntime } from './runtime.ts';
import { MemoryLog } from './testing.ts';

interface Entry {
  readonly name: string;
  readonly value: string | null;
}

const codec: RecordCodec<Entry> = {
  encode: ({ name, value }) => ({ key: Buffer.from(name), value: value === null ? null : Buffer.from(value) }),
  decode: (key, value) => (key.toString() === 'unknown' ? undefined : { name: key.toString(), value: value?.toString() ?? null }),
};

/** Remembers texts by name, and answers who waits for a name when it is set. */
class Notes implements CoordinatorCore<Entry, string> {
  readonly values = new Map<string, string>();
  readonly waiting = new Map<string, number>();
  readonly pending = new Map<bigint, Entry[]>();
  nextDeadline: number | undefined;

  replay(entry: Entry, { producerId }: RecordPlace): void {
    if (producerId >= 0n) this.pending.set(producerId, [...(this.pending.get(producerId) ?? []), entry]);
    else if (entry.value === null) this.values.delete(entry.name);
    else this.values.set(entry.name, entry.value);
  }

  replayTransactionEnd({ producerId, committed }: TransactionEnd): void {
    if (committed) for (const { name, value } of this.pending.get(producerId) ?? []) this.values.set(name, value ?? '');
    this.pending.delete(producerId);
  }

  loaded(): Decision<void, Entry, string> {
    return { records: [], effects: [`loaded ${this.values.size}`] };
  }

  tick({ now }: Scope): Decision<void, Entry, string> {
    this.nextDeadline = undefined;
    return { records: [{ name: 'ticked', value: String(now.monotonic >= 100) }] };
  }

  set(name: string, value: string): Decision<string, Entry, string> {
    const ticket = this.waiting.get(name);
    this.waiting.delete(name);
    return {
      records: [{ name, value }],
      response: `set ${name}`,
      answers: ticket === undefined ? [] : [{ ticket, response: value }],
      effects: [`tell ${name}`],
      failed: () => (ticket === undefined ? [] : [{ ticket, response: 'nothing' }]),
    };
  }

  get(name: string): Decision<string, Entry, string> {
    if (name === 'forbidden') throw new KafkaError('GROUP_AUTHORIZATION_FAILED');
    return { records: [], response: this.values.get(name) ?? 'none' };
  }

  waitFor(name: string, { ticket }: Scope): Decision<string, Entry, string> {
    this.waiting.set(name, ticket);
    return { records: [] };
  }
}

function start(log = new MemoryLog()) {
  const world = new SimulatedWorld({ seed: 1 });
  const { clock } = world.node('broker').platform;
  const effects: string[] = [];
  const broken: unknown[] = [];
  const cores: Notes[] = [];
  const runtime = new CoordinatorRuntime<Notes, Entry, string>({
    topic: '__notes',
    clock,
    logger: silentLogger,
    codec,
    commitTimeoutMs: 5000,
    makeCore: () => {
      cores.push(new Notes());
      return cores.at(-1)!;
    },
    carryOut: (_partition, told) => effects.push(...told),
    onBroken: (error) => broken.push(error),
  });
  const pass = (ms = 10) => world.run({ forMs: ms });
  return { world, log, runtime, effects, broken, cores, pass, lead: (epoch = 1, of = log) => runtime.leads(0, epoch, of) };
}

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: string } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: KafkaError) => {
      seen.error = error.errorName;
    },
  );
  return seen;
}

test('G3: an answer leaves when its records are committed, and not before', async () => {
  const { runtime, log, lead, pass } = start(new MemoryLog({ commitsAtOnce: false }));
  lead();
  await pass();

  const answer = watch(runtime.ask(0, (core) => core.set('a', '1')));
  await pass();
  expect(answer).toEqual({});
  log.commit();
  await pass();

  expect(answer.value).toBe('set a');
});

test('G3: what is read shows a decision before it, and is told when that is committed', async () => {
  const { runtime, log, lead, pass } = start(new MemoryLog({ commitsAtOnce: false }));
  lead();
  await pass();

  void runtime.ask(0, (core) => core.set('a', '1'));
  const read = watch(runtime.ask(0, (core) => core.get('a')));
  const refused = watch(runtime.ask(0, (core) => core.get('forbidden')));
  await pass();
  expect([read, refused]).toEqual([{}, {}]);
  log.commit();
  await pass();

  expect(read.value).toBe('1');
  expect(refused.error).toBe('GROUP_AUTHORIZATION_FAILED');
});

test('G8: while the log is read nothing is answered but that it is being read', async () => {
  const log = new MemoryLog({ commitsAtOnce: false });
  const before = start(log);
  before.lead();
  await before.pass();
  void before.runtime.ask(0, (core) => core.set('a', '1'));
  void before.runtime.ask(0, (core) => core.set('b', '2'));
  log.commit(1n);

  const after = start(log);
  after.lead(2);
  await after.pass(1000);
  const early = watch(after.runtime.ask(0, (core) => core.get('a')));
  await after.pass();
  expect(early.error).toBe('COORDINATOR_LOAD_IN_PROGRESS');
  expect(after.effects).toEqual([]);
  log.commit();
  await after.pass();

  expect(watch(after.runtime.ask(0, (core) => core.get('b')))).toEqual({});
  expect(await after.world.finish(after.runtime.ask(0, (core) => core.get('b')))).toBe('2');
  expect(after.effects).toEqual(['loaded 2']);
});

test('with the end of the leadership all who wait are told, and nothing more is answered', async () => {
  const { runtime, log, lead, pass, effects } = start(new MemoryLog({ commitsAtOnce: false }));
  lead();
  await pass();
  const waiting = watch(runtime.ask(0, (core, scope) => core.waitFor('a', scope)));
  const uncommitted = watch(runtime.ask(0, (core) => core.set('b', '1')));

  runtime.resigns(0);
  log.commit();
  const late = watch(runtime.ask(0, (core) => core.get('b')));
  await pass();

  expect([waiting.error, uncommitted.error, late.error]).toEqual(['NOT_COORDINATOR', 'NOT_COORDINATOR', 'NOT_COORDINATOR']);
  expect(effects).toEqual(['loaded 0']);
});

test('the next leader has the committed state and nothing else', async () => {
  const { runtime, log, lead, pass } = start();
  lead();
  await pass();
  void runtime.ask(0, (core) => core.set('a', '1'));
  log.commitsAtOnce = false;
  void runtime.ask(0, (core) => core.set('a', '2')).catch(() => {});

  const next = start(log.committedCopy());
  next.lead(2);
  await next.pass();

  expect(await next.world.finish(next.runtime.ask(0, (core) => core.get('a')))).toBe('1');
  runtime.close();
});

test('a leader that goes on in a later epoch keeps its state and those who wait', async () => {
  const { runtime, lead, pass, cores, world } = start();
  lead(3);
  await pass();
  const waiting = watch(runtime.ask(0, (core, scope) => core.waitFor('a', scope)));

  lead(4);
  const epoch = await world.finish(runtime.ask(0, (_core, { leaderEpoch }) => ({ records: [], response: leaderEpoch })));
  await world.finish(runtime.ask(0, (core) => core.set('a', '1')));
  await pass();

  expect(epoch).toBe(4);
  expect(waiting.value).toBe('1');
  expect(cores).toHaveLength(1);
});

test('coordinator-epoch-regress, KAFKA-9144: the epoch of a coordinator does not fall', async () => {
  const { lead, pass } = start();
  lead(3);
  await pass();

  expect(() => lead(2)).toThrow('the epoch falls from 3 to 2');
});

test('an append that is refused changes nothing: who asked is told, and who waits is answered by what mends it', async () => {
  const { runtime, log, lead, pass, world, effects } = start();
  lead();
  await pass();
  const waiting = watch(runtime.ask(0, (core, scope) => core.waitFor('a', scope)));

  log.refusal = new KafkaError('NOT_ENOUGH_REPLICAS');
  const asked = watch(runtime.ask(0, (core) => core.set('a', '1')));
  await pass();

  expect(asked.error).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(waiting.value).toBe('nothing');
  expect(await world.finish(runtime.ask(0, (core) => core.get('a')))).toBe('none');
  expect(effects).toEqual(['loaded 0']);
});

test('what is not committed in time is told as unknown; its effects follow when it is committed after all', async () => {
  const { runtime, log, lead, pass, effects } = start(new MemoryLog({ commitsAtOnce: false }));
  lead();
  await pass();

  const asked = watch(runtime.ask(0, (core) => core.set('a', '1')));
  await pass(4990);
  expect(asked).toEqual({});
  await pass(50);
  expect(asked.error).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(effects).toEqual(['loaded 0']);
  log.commit();

  expect(effects).toEqual(['loaded 0', 'tell a']);
});

test('a core is woken at its deadline', async () => {
  const { runtime, lead, pass, world, cores } = start();
  lead();
  await pass();
  cores[0]!.nextDeadline = 100;
  await world.finish(runtime.ask(0, (core) => core.get('a')));

  await pass(80);
  expect(cores[0]!.values.get('ticked')).toBeUndefined();
  await pass(50);

  expect(cores[0]!.values.get('ticked')).toBe('true');
});

test('records of a transaction count when its marker says so, in this life and the next', async () => {
  const { runtime, log, lead, pass, world } = start();
  lead();
  await pass();
  const inTransaction = (producerId: bigint, name: string) =>
    runtime.ask(0, () => ({ records: [{ name, value: '1' }], response: true, transaction: { producerId, producerEpoch: 0 } }));
  const end = { producerEpoch: 0, coordinatorEpoch: 1, transactionVersion: 2 };

  await world.finish(Promise.all([inTransaction(1n, 'a'), inTransaction(2n, 'b'), inTransaction(3n, 'open')]));
  expect(await world.finish(runtime.ask(0, (core) => core.get('a')))).toBe('none');
  await world.finish(runtime.endTransaction(0, { ...end, producerId: 1n, committed: true }));
  await world.finish(runtime.endTransaction(0, { ...end, producerId: 2n, committed: false }));
  const next = start(log.committedCopy());
  next.lead(2);
  await next.pass();

  for (const { runtime: each, world: time } of [{ runtime, world }, next]) {
    const read = ['a', 'b', 'open'].map((name) => each.ask(0, (core) => core.get(name)));
    expect(await time.finish(Promise.all(read))).toEqual(['1', 'none', 'none']);
  }
  expect([...next.cores[0]!.pending.keys()]).toEqual([3n]);
});

test('KAFKA-13099: more tombstones than a batch can hold are appended as several', async () => {
  const { runtime, log, lead, pass, world } = start();
  lead();
  await pass();
  log.maxBatchBytes = 500;
  const records = Array.from({ length: 100 }, (_, index) => ({ name: `name ${index}`, value: null }));

  const whole = watch(runtime.ask(0, () => ({ records, response: 'done' })));
  await pass();
  const answer = await world.finish(runtime.ask(0, () => ({ records, response: 'done', divisible: true })));

  expect(whole.error).toBe('UNKNOWN_SERVER_ERROR');
  expect(answer).toBe('done');
  expect(log.batches.every(({ sizeInBytes }) => sizeInBytes <= 500)).toBe(true);
  expect(log.logEndOffset).toBe(100n);
});

test('coordinator-load-endless, KAFKA-9065: a log at whose committed part nothing can be read is tried again, not read for ever', async () => {
  const log = new MemoryLog();
  const { runtime, lead, pass, world } = start(log);
  log.append((await newBatch())!);
  let reads = 0;
  const read = log.read.bind(log);
  log.read = async (offset) => (++reads === 1 ? Buffer.alloc(0) : read(offset));

  lead();
  await pass(500);
  expect(reads).toBe(1);
  await pass(1000);

  expect(await world.finish(runtime.ask(0, (core) => core.get('a')))).toBe('1');
});

test('a record of a kind that is not known is left alone', async () => {
  const { runtime, log, lead, pass, world, cores } = start();
  lead();
  await pass();
  await world.finish(runtime.ask(0, () => ({ records: [{ name: 'unknown', value: 'x' }], response: true })));

  const next = start(log.committedCopy());
  next.lead(2);
  await next.pass();

  expect(next.cores[0]!.values.size).toBe(0);
  expect(cores).toHaveLength(1);
});

async function newBatch(): Promise<Buffer | undefined> {
  const { runtime, log, lead, pass, world } = start();
  lead();
  await pass();
  await world.finish(runtime.ask(0, (core) => core.set('a', '1')));
  return log.batches[0]?.buffer;
}
