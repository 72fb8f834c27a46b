import { beforeEach, describe, expect, test } from 'vitest';
import { type Clock, NetworkError, SimulatedWorld } from '#platform';
import { batchesIn, RecordBatch } from '#protocol';
import type { ProduceRequest } from '#protocol/apis/produce.ts';
import { PartitionWriter } from './partition-writer.ts';
import { defaultPatience } from './patience.ts';
import type { HttpProblem } from './problem.ts';
import { FakeRouter, type SentRequest } from './testing.ts';

let world: SimulatedWorld;
let clock: Clock;
let router: FakeRouter;
let writer: PartitionWriter;

beforeEach(() => {
  world = new SimulatedWorld({ seed: 1 });
  clock = world.node('broker').platform.clock;
  router = new FakeRouter();
  const { id: topicId } = router.addTopic('test', 1, 3);
  writer = new PartitionWriter({ router, clock, topicId, partition: 0, patience: defaultPatience });
});

/** The offset, or the status that it fails with. */
async function write(...texts: string[]): Promise<bigint | number> {
  const messages = texts.map((text) => ({ value: Buffer.from(text), timestamp: 0n }));
  const written = writer.write(messages, clock.monotonic()).catch((problem: HttpProblem) => problem.status);
  return world.finish(written);
}

/** What the log holds, in order. */
function stored(): string[] {
  return router
    .log('id-of-test', 0)
    .batches.flatMap((bytes) => [...batchesIn(bytes)].flatMap((batch) => Array.from(batch.records(), ({ value }) => String(value))));
}

function batchOf({ request }: SentRequest): RecordBatch {
  return new RecordBatch((request as ProduceRequest).topicData[0]!.partitionData[0]!.records!, 0);
}

const identities = () =>
  router.sent.map((sent) => `${batchOf(sent).producerId}/${batchOf(sent).producerEpoch}/${batchOf(sent).baseSequence}`);
const refused = (errorCode: string, baseOffset = -1n) => ({
  responses: [{ partitionResponses: [{ index: 0, errorCode, errorMessage: null, baseOffset }] }],
});
const reset = () => new NetworkError('ECONNRESET', 'reset');

/** What happens to the tries, one after the other; those beyond the list are carried out. */
function tries(...steps: ((sent: SentRequest) => unknown)[]): void {
  router.intercept = (sent) => steps.shift()?.(sent);
}

const appendsAndDies = (sent: SentRequest) => {
  router.carryOut(sent);
  throw reset();
};
const dies = () => {
  throw reset();
};

describe('a batch is written under one producer id', () => {
  test('whose sequences follow on one another', async () => {
    expect([await write('a'), await write('b', 'c'), await write('d')]).toEqual([0n, 1n, 3n]);

    expect(identities()).toEqual(['1000/0/0', '1000/0/1', '1000/0/3']);
  });

  test('that another one replaces before its sequences begin again', async () => {
    writer = new PartitionWriter({ router, clock, topicId: 'id-of-test', partition: 0, patience: defaultPatience, largestSequence: 2 });

    expect([await write('a'), await write('b', 'c'), await write('d')]).toEqual([0n, 1n, 3n]);
    expect(identities()).toEqual(['1000/0/0', '1000/0/1', '1001/0/0']);
  });
});

describe('a try without an answer', () => {
  test('is repeated with the same id, epoch and sequence: what was appended before is there once, at its offset (H2)', async () => {
    await write('before');
    tries(appendsAndDies);

    expect(await write('once')).toBe(1n);

    expect(stored()).toEqual(['before', 'once']);
    expect(identities()).toEqual(['1000/0/0', '1000/0/1', '1000/0/1']);
    expect(await write('after')).toBe(2n);
  });

  test('that was not appended either is appended by the next', async () => {
    tries(dies, dies);

    expect(await write('once')).toBe(0n);
    expect(stored()).toEqual(['once']);
  });

  test('is repeated at the next leader, when the first had appended before it lost the leadership (KAFKA-13574)', async () => {
    tries(() => {
      router.moveLeader('test', 0, 3);
      return refused('NOT_LEADER_OR_FOLLOWER', 7n);
    });

    expect(await write('once')).toBe(0n);

    expect(router.sent.map(({ to }) => to)).toEqual(['local', 3]);
    expect(identities()).toEqual(['1000/0/0', '1000/0/0']);
  });

  test('of a leader that hangs ends when another one leads, long before the time is over', async () => {
    tries(() => new Promise(() => {}));
    world.after(3_000, () => router.moveLeader('test', 0, 2, [2, 3]));

    expect(await write('once')).toBe(0n);

    expect(world.nowMs).toBeLessThan(3_500);
    expect(identities()).toEqual(['1000/0/0', '1000/0/0']);
  });

  test.each([
    'REQUEST_TIMED_OUT',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'KAFKA_STORAGE_ERROR',
  ])('may also be answered with %s', async (name) => {
    tries((sent) => {
      router.carryOut(sent);
      return refused(name, 0n);
    });

    expect(await write('once')).toBe(0n);
    expect(stored()).toEqual(['once']);
  });
});

describe('when no try is answered in time', () => {
  test('the outcome is unknown, and what follows goes under another id, so that what arrives late does no harm', async () => {
    router.intercept = dies;

    expect(await write('lost')).toBe(504);
    expect(world.nowMs).toBeGreaterThan(14_000);
    expect(world.nowMs).toBeLessThan(16_500);
    const late = router.sent.at(-1)!;
    router.intercept = undefined;
    expect(await write('next')).toBe(0n);
    router.carryOut(late);
    router.carryOut(late);

    expect(await write('last')).toBe(2n);
    expect(stored()).toEqual(['next', 'lost', 'last']);
    expect(router.ids).toBe(2);
  });

  test('the outcome is unknown when a leader had appended before it was none any more, and nobody takes the batch after it (KAFKA-13574)', async () => {
    router.intercept = (sent) => {
      if (router.sent.length > 1) return refused('NOT_LEADER_OR_FOLLOWER');
      router.carryOut(sent);
      return refused('NOT_LEADER_OR_FOLLOWER', 0n);
    };

    expect(await write('perhaps')).toBe(504);
    router.intercept = undefined;
    expect(await write('next')).toBe(1n);

    expect(stored()).toEqual(['perhaps', 'next']);
  });

  test('a try that hung is waited for no longer than all tries may take', async () => {
    tries(() => new Promise((_, reject) => clock.after(16_000, () => reject(reset()))));

    expect(await write('lost')).toBe(504);
    expect(world.nowMs).toBeLessThan(17_000);
  });
});

test('a topic that is deleted after a try without an answer leaves the outcome unknown, and 404 is for one that was never tried', async () => {
  tries(() => {
    router.removeTopic('test');
    throw reset();
  });

  expect(await write('lost?')).toBe(504);
  expect(await write('never')).toBe(404);
});

describe('a refusal', () => {
  test('at the first try leaves the sequence to the next batch', async () => {
    await write('a');
    tries(() => refused('MESSAGE_TOO_LARGE'));

    expect(await write('large')).toBe(413);
    expect(await write('b')).toBe(1n);

    expect(identities()).toEqual(['1000/0/0', '1000/0/1', '1000/0/1']);
  });

  test.each([
    'MESSAGE_TOO_LARGE',
    'TOPIC_AUTHORIZATION_FAILED',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'INVALID_PRODUCER_EPOCH',
    'UNKNOWN_PRODUCER_ID',
  ])('with %s proves nothing after a try without an answer: the outcome is unknown, and nothing is sent under another id', async (name) => {
    tries(appendsAndDies, () => refused(name));

    expect(await write('once')).toBe(504);

    expect(identities()).toEqual(['1000/0/0', '1000/0/0']);
    expect(stored()).toEqual(['once']);
    expect(await write('next')).toBe(1n);
    expect(router.ids).toBe(2);
  });

  test.each([
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'INVALID_PRODUCER_EPOCH',
    'UNKNOWN_PRODUCER_ID',
  ])('with %s at the first try is of the id alone: the batch is in no log, and goes under another', async (name) => {
    await write('a');
    tries(() => refused(name));

    expect(await write('b')).toBe(1n);
    expect(identities()).toEqual(['1000/0/0', '1000/0/1', '1001/0/0']);
  });

  test('of two ids in a row ends it', async () => {
    tries(
      () => refused('OUT_OF_ORDER_SEQUENCE_NUMBER'),
      () => refused('OUT_OF_ORDER_SEQUENCE_NUMBER'),
    );

    expect(await write('a')).toBe(500);
    expect(stored()).toEqual([]);
  });
});

describe('while nobody can write', () => {
  test.each([
    { name: 'there is no leader', cause: () => router.moveLeader('test', 0, -1, []) },
    {
      name: 'the leader does not answer',
      cause: () => {
        router.intercept = () => {
          throw new NetworkError('ECONNREFUSED', 'refused');
        };
      },
    },
    { name: 'too few replicas are in sync', cause: () => (router.intercept = () => refused('NOT_ENOUGH_REPLICAS')) },
    { name: 'the leader is none', cause: () => (router.intercept = () => refused('NOT_LEADER_OR_FOLLOWER')) },
  ])('because $name, a write waits 5 s and is then refused for certain', async ({ cause }) => {
    cause();

    expect(await write('x')).toBe(503);

    expect(world.nowMs).toBeGreaterThan(4_800);
    expect(world.nowMs).toBeLessThan(5_200);
    expect(stored()).toEqual([]);
  });

  test('a write goes on as soon as there is another leader', async () => {
    router.moveLeader('test', 0, -1);
    world.after(1_700, () => router.moveLeader('test', 0, 2));

    expect(await write('x')).toBe(0n);
    expect(world.nowMs).toBeLessThan(1_800);
  });

  test('a write whose messages have waited long enough is tried once', async () => {
    router.moveLeader('test', 0, -1);
    await world.finish(new Promise<void>((resolve) => clock.after(6_000, resolve)));

    await expect(world.finish(writer.write([{ value: Buffer.from('x'), timestamp: 0n }], 0))).rejects.toThrow('has no leader');
    expect(world.nowMs).toBeLessThan(6_100);
  });

  test('because no producer id can be had, it is refused and nothing is sent', async () => {
    router.refuseIds = 'COORDINATOR_LOAD_IN_PROGRESS';

    expect(await write('x')).toBe(503);
    expect(router.sent).toEqual([]);
    router.refuseIds = undefined;
    expect(await write('x')).toBe(0n);
  });
});
