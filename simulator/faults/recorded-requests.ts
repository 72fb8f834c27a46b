import type { SimulatedWorld } from '#platform';
import type { WorkloadKind } from '../plan/plan.ts';
import type { Overheard, OverheardRequests } from './overheard-requests.ts';

/** Requests that say of themselves whether they are late (an epoch, a sequence) and so have to be harmless when they come again. */
const repeatable = new Set([1, 52, 53, 54, 56, 59, 63, 67]);
/** AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, WriteTxnMarkers, TxnOffsetCommit. */
const ofTransactions = new Set([24, 25, 26, 27, 28]);
const produceKey = 0;
/** Hosts that produce with sequence numbers; for all others a second append is a second record, as it would be in Kafka. */
const idempotentHost = /^idempotent-/;
/** Hosts of which nothing that is late gets into another transaction. Of version 1 it may, by protocol (KAFKA-17754). */
const ownEpochHost = /^(idempotent-|broker-|(transactional|copier)-v2-)/;
const kept = 200;
const host = 'replayer';

/** The last requests that went to brokers, to be sent once more on connections of their own, as a strange network may. */
export class RecordedRequests {
  readonly #requests: Overheard[] = [];
  #next = 0;

  constructor(overheard: OverheardRequests, workload: WorkloadKind) {
    overheard.listen((request) => {
      if (isRepeatable(request, workload)) this.#requests[this.#next++ % kept] = request;
    });
  }

  /** Those that were sent last, the newest first. */
  take(count: number): Overheard[] {
    const newest = Math.min(count, this.#requests.length);
    return Array.from({ length: newest }, (_, index) => this.#requests[(this.#next - 1 - index + 2 * kept) % kept]!);
  }
}

/** Sends a request again. What is answered is not listened to. */
export function sendAgain(world: SimulatedWorld, { to, bytes }: Pick<Overheard, 'to' | 'bytes'>): void {
  const connection = world.node(host).platform.network.connect(to);
  connection.onData(() => connection.destroy());
  connection.onClose(() => {});
  connection.write([bytes]);
  world.after(5000, () => connection.destroy());
}

function isRepeatable({ from, apiKey }: Overheard, workload: WorkloadKind): boolean {
  if (workload === 'transactions' && (apiKey === produceKey || ofTransactions.has(apiKey))) return ownEpochHost.test(from.host);
  return apiKey === produceKey ? idempotentHost.test(from.host) : repeatable.has(apiKey);
}
