import type { RecordHistory } from '../checkers/record-history.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { HttpProducer, HttpReader } from './http-clients.ts';
import { IdempotentProducer } from './idempotent-producer.ts';
import { Looker } from './looker.ts';
import { PlainProducer } from './plain-producer.ts';
import type { SimulatedClient } from './simulated-client.ts';
import { TailReader } from './tail-reader.ts';
import type { TopicAdmin } from './topic-admin.ts';

/** Lets a client do what its kind does, until it is stopped. */
export function workerOf(
  { kind }: ClientPlan,
  client: SimulatedClient,
  history: RecordHistory,
  { admin, mayLose }: { admin: TopicAdmin; mayLose: boolean },
): Promise<void> {
  const usable = () => admin.usable();
  // HTTP knows topics by name alone: what is sent to one that is deleted may arrive in another.
  const lasting = () => admin.lasting();
  switch (kind) {
    case 'idempotent':
      return new IdempotentProducer(client, history, mayLose).run(usable);
    case 'acks-all':
      return new PlainProducer(client, history, -1).run(usable);
    case 'acks-1':
      return new PlainProducer(client, history, 1).run(usable);
    case 'acks-0':
      return new PlainProducer(client, history, 0).run(usable);
    case 'follower':
      return new TailReader(client, history, mayLose).run(usable);
    case 'looker':
      return new Looker(client, history).run(usable);
    case 'http-producer':
      return new HttpProducer(client, history).run(lasting);
    case 'http-reader':
      return new HttpReader(client, history).run(lasting);
    default:
      throw new Error(`a ${kind} has nothing to do among records`);
  }
}
