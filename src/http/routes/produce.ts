import { integerIn, parseBody, stringIn } from '../input.ts';
import { findPartition, findTopic } from '../partitions.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** POST /produce {"topic":"test","partition":1,"message":"Hello"} */
export async function produceRoute(bytes: Buffer, context: RouteContext): Promise<Answer> {
  const body = parseBody(bytes);
  const name = stringIn(body, 'topic');
  const partition = integerIn(body, 'partition');
  const message = stringIn(body, 'message');
  if (!context.router.readiness().ready) await untilReady(context);
  const topic = findTopic(context.router.image, name);
  findPartition(topic, partition);
  const offset = await context.producer.produce(topic, partition, message);
  return { status: 200, json: `{"offset":${offset}}` };
}
