import { integerParameter, textParameter } from '../input.ts';
import { findPartition, findTopic } from '../partitions.ts';
import { HttpProblem } from '../problem.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

const pastTheEnd: Answer = { status: 204 };

/** GET /consume?topic=test&partition=1&offset=0 */
export async function consumeRoute(query: Readonly<Record<string, unknown>>, context: RouteContext): Promise<Answer> {
  const name = textParameter(query, 'topic');
  const partition = Number(integerParameter(query, 'partition'));
  const offset = integerParameter(query, 'offset');
  if (offset < 0n) throw new HttpProblem(400, 'INVALID_REQUEST', `The parameter "offset" must be 0 or more, not ${offset}.`);
  await untilReady(context);
  const topic = findTopic(context.router.image, name);
  findPartition(topic, partition);
  const reading = await context.reader.read(topic, partition, offset);
  if (reading === 'past-the-end') return pastTheEnd;
  return { status: 200, json: `{"offset":${offset},"message":${JSON.stringify(reading.message)}}` };
}
