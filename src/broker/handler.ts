import type { Api, KafkaError, RequestOf, ResponseInput } from '#protocol';
import type { Context } from './context.ts';

/** Where a request is carried out when it may arrive anywhere. */
export type Place = 'here' | 'controller';

export interface HandlerOptions<A extends Api> {
  /** 'controller': a broker that is not the active controller passes the request on to it (KIP-590). */
  readonly place?: Place;
  /** Lets the request in before the cluster is formed. */
  readonly beforeFormed?: boolean;
  /** The advertised minimum where it differs from the served one (librdkafka takes Produce min > 0 for an old broker). */
  readonly advertisedMin?: number;
  /** The answer to a request that failed as a whole, for responses that have no error code at their top. */
  readonly failed?: (request: RequestOf<A>, error: KafkaError, apiVersion: number) => ResponseInput<A> | 'close';
}

/** What a handler gives: the response; null for no answer at all, or 'close' where the client can only be told by that (both acks=0). */
export type Handled<A extends Api> = ResponseInput<A> | null | 'close';

/** One API as this broker serves it. */
export interface Handler<A extends Api = Api> extends HandlerOptions<A> {
  readonly api: A;
  readonly versions: { readonly min: number; readonly max: number };
  handle(request: RequestOf<A>, context: Context): Handled<A> | Promise<Handled<A>>;
}

/**
 * Declares how an API is served.
 * @param versions Kafka's notation: '3-13', or '0' for one version
 */
export function handler<A extends Api>(
  api: A,
  versions: string,
  handle: Handler<A>['handle'],
  options: HandlerOptions<A> = {},
): Handler<A> {
  const [min, max] = versions.split('-').map(Number);
  return { api, versions: { min: min!, max: max ?? min! }, handle, ...options };
}
