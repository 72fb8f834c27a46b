import { topicsToShow } from '../partitions.ts';
import { type Answer, type RouteContext, untilReady } from './context.ts';

/** GET /list-topics */
export async function listTopicsRoute(context: RouteContext): Promise<Answer> {
  await untilReady(context);
  const topics = topicsToShow(context.router.image).map(({ name }) => name);
  return { status: 200, json: JSON.stringify({ topics }) };
}
