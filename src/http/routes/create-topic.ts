import { type Clock, sleep } from '#platform';
import { type CreateTopicsResponse, createTopics } from '#protocol/apis/create-topics.ts';
import { integerIn, parseBody, stringIn } from '../input.ts';
import { HttpProblem, problemOfErrorName, problemOfThrown } from '../problem.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** How long all live brokers may take to learn of the topic. */
const createTimeoutMs = 30_000;
/** How long to look for the controller while there is none; asking it again is safe, as NOT_CONTROLLER means that nothing was done. */
const controllerWaitMs = 5_000;
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

async function create(context: RouteContext, name: string, numPartitions: number): Promise<CreateTopicsResponse['topics'][number]> {
  const { router, clock } = context;
  const topics = [{ name, numPartitions, replicationFactor: -1, assignments: [], configs: [] }];
  const deadline = clock.monotonic() + controllerWaitMs;
  for (;;) {
    const request = { topics, timeoutMs: createTimeoutMs, validateOnly: false };
    const response = await router
      .send(createTopics, request, 'controller', { timeoutMs: createTimeoutMs + 5_000, findTimeoutMs: deadline - clock.monotonic() })
      .catch((thrown: unknown) => {
        throw problemOfThrown(thrown, 'write', 'the controller');
      });
    const result = response.topics[0];
    if (result === undefined) throw new HttpProblem(500, 'UNKNOWN_SERVER_ERROR', 'The controller answered without naming the topic.');
    if (result.errorCode !== 'NOT_CONTROLLER' || clock.monotonic() >= deadline) return result;
    await pause(clock);
  }
}

function pause(clock: Clock): Promise<void> {
  return sleep(clock, lookAgainMs);
}
