import { valueFor } from '../../crash/history.ts';
import { type Context, Loop, reached, rest, type Worker } from './context.ts';

const timeoutMs = 10_000;

/**
 * POST /produce to any broker, one message at a time. Nothing is sent twice: an answer that is missing, or 504, leaves the outcome open;
 * any other error says that the message was not written, and is held to it.
 */
export function httpProducer(name: string, context: Context): Worker {
  const { cluster, history, topic, partitions, random } = context;
  let number = 0;
  const step = async () => {
    const partition = random.below(partitions);
    const broker = cluster.ids[random.below(cluster.ids.length)]!;
    const identity = `${name}/${partition}/${number}`;
    const message = valueFor(name, partition, number++, random.bytes(random.below(100)).toString('hex'));
    const send = history.send(name, partition, [identity], false);
    try {
      const answer = await fetch(cluster.url(broker, '/produce'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ topic, partition, message }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await answer.text();
      if (answer.status === 200) {
        const { offset } = JSON.parse(text) as { offset: number };
        history.ok(send, partition, offset, 1);
        reached(context, partition, offset + 1);
      } else if (answer.status === 504) history.info(send, text, 1);
      else history.fail(send, `${answer.status} ${text}`, 1);
    } catch (error) {
      if (wasRefused(error)) history.fail(send, 'ECONNREFUSED', 1);
      else history.info(send, String((error as Error).cause ?? error), 1);
    }
    await rest(10 + random.below(30));
  };
  return new Loop(name, step);
}

/** Nobody listened: nothing was sent. */
function wasRefused(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string; errors?: { code?: string }[] } }).cause;
  const codes = cause?.errors?.map(({ code }) => code) ?? [cause?.code];
  return codes.length > 0 && codes.every((code) => code === 'ECONNREFUSED');
}
