import type { Api, KafkaError, RequestOf } from '#protocol';
import type { Answer, ClientConnection } from '#transport';
import type { Handled } from './handler.ts';

/** A request that has come over a connection and that nothing has been done for yet. */
export interface ArrivedRequest<A extends Api = Api> {
  readonly api: A;
  readonly apiVersion: number;
  readonly clientId: string | null;
  readonly request: RequestOf<A>;
  readonly connection: ClientConnection;
  /** Carries it out as it came. */
  serve(): Answer;
  /** Carries another request of this API out in its place, wherever the API is served, and gives the response. */
  carryOut(request: RequestOf<A>): Promise<Handled<A>>;
  /** What this API answers to a request that failed as a whole. */
  failed(request: RequestOf<A>, error: KafkaError): Handled<A>;
  /** Makes a frame of a response. */
  encode(response: Handled<A>): Answer;
}

/**
 * Sees every request of connections before it is carried out, and decides what becomes of it. Requests of one connection come in order; one whose answer is made
 * later does not hold those behind it up. For embedded clusters: without one nothing is looked at.
 */
export type Interceptor = (arrived: ArrivedRequest) => Answer;
