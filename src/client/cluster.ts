import type { Clock } from '#platform';
import type { Api, RequestInput, ResponseOf } from '#protocol';

export interface SendOptions {
  readonly timeoutMs?: number;
  /** Requests on different channels do not wait for each other. */
  readonly channel?: string;
  /** Use no higher version than this, though both sides know it. */
  readonly maxVersion?: number;
}

/** A Kafka cluster as a client sees it: brokers with ids, of which any can be asked who looks after what. */
export interface Cluster {
  readonly clock: Clock;
  /** How long to go on trying what cannot be done at the moment, as while a leader is replaced. */
  readonly patienceMs: number;
  /**
   * Carries a request out, at most once.
   * @param to a broker's id; 'anyone' for what all brokers can answer and what changes nothing
   * @throws KafkaError when it was certainly not carried out; NetworkError ECONNREFUSED for the same, with any other code when that is not known
   */
  send<A extends Api>(to: number | 'anyone', api: A, request: RequestInput<A>, options?: SendOptions): Promise<ResponseOf<A>>;
}
