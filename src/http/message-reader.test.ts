import { beforeEach, describe, expect, test } from 'vitest';
import type { TopicImage } from '#metadata';
import { type Clock, NetworkError, SimulatedWorld } from '#platform';
import { buildRecordBatch } from '#protocol';
import type { FetchRequest } from '#protocol/apis/fetch.ts';
import type { ListOffsetsRequest } from '#protocol/apis/list-offsets.ts';
import { MessageReader } from './message-reader.ts';
import { defaultPatience } from './patience.ts';
import type { HttpProblem } from './problem.ts';
import { FakeRouter, type SentRequest } from './testing.ts';

let world: SimulatedWorld;
let clock: Clock;
let router: FakeRouter;
let reader: MessageReader;
let topic: TopicImage;

beforeEach(() => {
  world = new SimulatedWorld({ seed: 1 });
  clock = world.node('broker').platform.clock;
  router = new FakeRouter();
  topic = router.addTopic('test', 1, 3);
  reader = new MessageReader({ router, clock, patience: defaultPatience });
});

/** The message, 204 past the end, or the status that it fails with. */
async function read(offset: bigint): Promise<string | null | number> {
  const reading = reader.read(topic, 0, offset).then(
    (found) => (found === 'past-the-end' ? 204 : found.message),
    (problem: HttpProblem) => problem.status,
  );
  return world.finish(reading);
}

function store(...texts: string[]): void {
  router.append(topic.id, 0, buildRecordBatch({ records: texts.map((text) => ({ value: Buffer.from(text) })) }));
}

const apis = () => router.sent.map(({ api }) => api);
const nothing = {
  responses: [{ partitions: [{ partitionIndex: 0, errorCode: 'NONE', records: Buffer.alloc(0), abortedTransactions: null }] }],
};
const refusedFetch = (errorCode: string) => ({ responses: [{ partitions: [{ partitionIndex: 0, errorCode, records: null }] }] });
const refusedEnd = (errorCode: string) => ({ topics: [{ partitions: [{ partitionIndex: 0, errorCode, offset: -1n }] }] });

/** A new leader that learns only at `atMs` what is committed. */
function learnsAt(atMs: number): void {
  router.intercept = ({ api }) => {
    if (world.nowMs >= atMs) return undefined;
    return api === 'Fetch' ? nothing : refusedEnd('OFFSET_NOT_AVAILABLE');
  };
}

test('a message that is there costs one request', async () => {
  store('Hello');

  expect(await read(0n)).toBe('Hello');
  expect(apis()).toEqual(['Fetch']);
});

describe('past the end', () => {
  test('the leader is asked where the end is before the answer is 204', async () => {
    store('Hello');

    expect(await read(1n)).toBe(204);
    expect(apis()).toEqual(['Fetch', 'ListOffsets']);
  });

  test('far beyond it is the same', async () => {
    expect(await read(1_000_000n)).toBe(204);
  });

  test('a new leader that does not know yet what is committed is waited for: an acknowledged message is never 204 (H4, KIP-207)', async () => {
    store('acknowledged');
    learnsAt(700);

    expect(await read(0n)).toBe('acknowledged');
    expect(world.nowMs).toBeLessThan(900);
  });

  test('one that learned between the two requests is read again (H4)', async () => {
    store('acknowledged');
    router.intercept = () => (router.sent.length === 1 ? nothing : undefined);

    expect(await read(0n)).toBe('acknowledged');
    expect(apis()).toEqual(['Fetch', 'ListOffsets', 'Fetch']);
  });

  test('is 204 of the new leader, too, once it knows', async () => {
    store('acknowledged');
    learnsAt(700);

    expect(await read(1n)).toBe(204);
    expect(world.nowMs).toBeGreaterThanOrEqual(700);
  });

  test('while no leader knows, it is 503 within the time, and not 204 (H4)', async () => {
    learnsAt(Number.POSITIVE_INFINITY);

    expect(await read(0n)).toBe(503);
    expect(world.nowMs).toBeGreaterThan(4_800);
    expect(world.nowMs).toBeLessThan(5_300);
  });
});

describe('a broker that is out of touch with the controller', () => {
  beforeEach(() => {
    router.isInTouch = false;
  });

  test('reads what is there', async () => {
    store('Hello');

    expect(await read(0n)).toBe('Hello');
  });

  test('does not say that there is nothing, as another leader may have more by now: it waits until it knows (H4)', async () => {
    world.after(700, () => {
      router.moveLeader('test', 0, 2);
      store('acknowledged by the next leader');
      router.isInTouch = true;
    });

    expect(await read(0n)).toBe('acknowledged by the next leader');
  });

  test('for 5 s, then it is 503', async () => {
    expect(await read(0n)).toBe(503);
    expect(world.nowMs).toBeGreaterThan(4_800);
    expect(world.nowMs).toBeLessThan(5_300);
  });
});

describe('the leader is asked in the epoch that is known here', () => {
  const epochOf = ({ api, request }: SentRequest) =>
    api === 'Fetch'
      ? (request as FetchRequest).topics[0]!.partitions[0]!.currentLeaderEpoch
      : (request as ListOffsetsRequest).topics[0]!.partitions[0]!.currentLeaderEpoch;

  test('so that a former leader cannot say that there is nothing (H4)', async () => {
    router.moveLeader('test', 0, 2);

    await read(0n);

    expect(router.sent.map(epochOf)).toEqual([1, 1]);
  });

  test.each([
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'NOT_LEADER_OR_FOLLOWER',
  ])('after %s the next leader is asked', async (name) => {
    store('Hello');
    router.intercept = ({ to }) => {
      if (to !== 'local') return undefined;
      if (router.sent.length === 3) router.moveLeader('test', 0, 2);
      return refusedFetch(name);
    };

    expect(await read(0n)).toBe('Hello');
    expect(router.sent.map(({ to }) => to)).toEqual(['local', 'local', 'local', 2]);
  });
});

describe('a read is repeated', () => {
  test.each(['ECONNRESET', 'ETIMEDOUT', 'ECONNREFUSED'])('after %s, at whoever leads by then', async (code) => {
    store('Hello');
    world.after(1_500, () => router.moveLeader('test', 0, 3));
    router.intercept = ({ to }) => {
      if (to === 'local') throw new NetworkError(code, code);
    };

    expect(await read(0n)).toBe('Hello');
    expect(world.nowMs).toBeLessThan(1_700);
  });

  test('when the leader hangs until it is replaced', async () => {
    store('Hello');
    world.after(3_000, () => router.moveLeader('test', 0, 3));
    router.intercept = ({ to }) => (to === 'local' ? new Promise(() => {}) : undefined);

    expect(await read(0n)).toBe('Hello');
    expect(world.nowMs).toBeLessThan(3_400);
  });

  test('for 5 s, then it is 503', async () => {
    router.moveLeader('test', 0, -1);

    expect(await read(0n)).toBe(503);
    expect(world.nowMs).toBeGreaterThan(4_800);
    expect(world.nowMs).toBeLessThan(5_300);
  });
});
