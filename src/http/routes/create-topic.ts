import { sleep } from '#platform';
import { type CreateTopicsResponse, createTopics } from '#protocol/apis/create-topics.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { integerIn, parseBody, stringIn } from '../input.ts';
import { HttpProblem, isOutcomeUnknown, outcomeUnknown, problemOfErrorName, problemOfThrown } from '../problem.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** How long all live brokers may take to learn of the topic. */
const createTimeoutMs = 30_000;
const lookAgainMs = 50;

const created: Answer = { status: 200, json: '{"status":"created"}' };

/** POST /create-topic {"topic":"test","partitions":3} */
export async function createTopicRoute(bytes: Buffer, context: RouteContext): Promise<Answer> {
  const body = parseBody(bytes);
  const topic = stringIn(body, 'topic');
  const partitions = integerIn(body, 'partitions');
  if (topic === '') throw new HttpProblem(400, 'INVALID_TOPIC_EXCEPTION', '"topic" must not be empty.');
  if (partitions <= 0) throw new HttpProblem(400, 'INVALID_PARTITIONS', `"partitions" must be 1 or more, not ${partitions}.`);
  if (partitions > 0x7fffffff) throw new HttpProblem(400, 'INVALID_PARTITIONS', `"partitions" must be less than 2^31, not ${partitions}.`);
  await untilReady(context);

  const result = await create(context, topic, partitions);
  if (result.errorCode === 'NONE') return created;
  if (result.errorCode === 'TOPIC_ALREADY_EXISTS') {
    throw new HttpProblem(409, 'TOPIC_ALREADY_EXISTS', `Topic ${JSON.stringify(topic)} exists already. Nothing of it was changed.`);
  }
  throw problemOfErrorName(result.errorCode, 'write', result.errorMessage);
}

/**
 * Asks the controller, and again while there is none. One that dies, or ceases to be the controller, with the request under way may have made the topic: then the next one is
 * asked for the same. If it makes it, the first did not. If it says that the topic exists, and this broker did not know it when the request came, it
 * was made meanwhile, and when it is as it was asked for, that is what the client wants to hear. So two clients that ask for the same topic while a controller
 * dies may both be told that it is created.
 */
async function create(context: RouteContext, name: string, numPartitions: number): Promise<CreateTopicsResponse['topics'][number]> {
  const { router, clock, patience } = context;
  const request = {
    topics: [{ name, numPartitions, replicationFactor: -1, assignments: [], configs: [] }],
    timeoutMs: createTimeoutMs,
    validateOnly: false,
  };
  const wasThere = router.image.topics.byName(name) !== undefined;
  let deadline = clock.monotonic() + patience.leaderMs;
  let doubt: HttpProblem | undefined;
  for (;;) {
    let result: CreateTopicsResponse['topics'][number] | undefined;
    let unknown: HttpProblem | undefined;
    try {
      const options = { timeoutMs: createTimeoutMs + 5_000, findTimeoutMs: Math.max(0, deadline - clock.monotonic()) };
      const response = await router.send(createTopics, request, 'controller', options);
      result = response.topics[0];
    } catch (thrown) {
      const problem = problemOfThrown(thrown, 'write', 'the controller');
      if (!(problem instanceof HttpProblem) || !isOutcomeUnknown(problem)) throw doubt ?? problem;
      unknown = problem;
    }
    // It ceased to be the controller before the topic was known everywhere, and lives.
    if (result?.errorCode === 'REQUEST_TIMED_OUT') unknown = problemOfErrorName(result.errorCode, 'write', result.errorMessage);
    if (unknown !== undefined) {
      if (doubt === undefined) deadline = clock.monotonic() + patience.leaderMs;
      doubt = unknown;
      if (clock.monotonic() >= deadline) throw doubt;
      await sleep(clock, lookAgainMs);
      continue;
    }
    if (result === undefined) throw new HttpProblem(500, 'UNKNOWN_SERVER_ERROR', 'The controller answered without naming the topic.');
    if (result.errorCode === 'NONE') return result;
    if (result.errorCode !== 'NOT_CONTROLLER' || clock.monotonic() >= deadline) {
      if (doubt === undefined) return result;
      if (result.errorCode !== 'TOPIC_ALREADY_EXISTS') throw doubt;
      if (wasThere) return result;
      if (await isEverywhere(context, name, numPartitions)) return { ...result, errorCode: 'NONE' };
      throw madeBySomebody(name);
    }
    await sleep(clock, lookAgainMs);
  }
}

/** Whether the topic has so many partitions; resolves when every broker in service has told. */
async function isEverywhere({ router, clock, patience }: RouteContext, name: string, numPartitions: number): Promise<boolean> {
  const request = { topics: [{ name }], allowAutoTopicCreation: false };
  const deadline = clock.monotonic() + patience.outcomeMs;
  const isKnownTo = async (brokerId: number): Promise<boolean> => {
    for (;;) {
      const broker = router.image.brokers.get(brokerId);
      if (broker === undefined || broker.fenced) return true;
      const left = deadline - clock.monotonic();
      const answer = await router.send(metadata, request, brokerId, { timeoutMs: Math.max(left, 1) }).catch(() => undefined);
      const topic = answer?.topics[0];
      if (topic?.errorCode === 'NONE') return topic.partitions.length === numPartitions;
      if (left <= lookAgainMs) return false;
      await sleep(clock, lookAgainMs);
    }
  };
  const told = await Promise.all(router.image.brokers.all().map(({ id }) => isKnownTo(id)));
  return told.every(Boolean);
}

function madeBySomebody(name: string): HttpProblem {
  return outcomeUnknown(
    `The controller died while it was asked, and topic ${JSON.stringify(name)} exists now, made by this request or by another`,
  );
}
