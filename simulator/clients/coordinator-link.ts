import type { Address } from '#platform';
import type { Api, ErrorName, RequestInput, ResponseOf } from '#protocol';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** What FindCoordinator looks for, by Kafka's numbers. */
export const groupKey = 0;
export const transactionKey = 1;

/** After these the coordinator is looked for anew. */
const elsewhere = new Set<ErrorName>(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE']);

/** The coordinator of one group or transactional id, wherever it is. */
export class CoordinatorLink {
  readonly #client: SimulatedClient;
  readonly #keyType: number;
  readonly #key: string;
  #address: Address | undefined;

  constructor(client: SimulatedClient, keyType: typeof groupKey | typeof transactionKey, key: string) {
    this.#client = client;
    this.#keyType = keyType;
    this.#key = key;
  }

  /** The host that was asked last, as far as it still counts as the coordinator. */
  get host(): string | undefined {
    return this.#address?.host;
  }

  /**
   * One request, one try, at whoever coordinates. 'not-sent' when nobody is known who does; undefined when no answer came.
   * @param errorOf where in an answer the error stands that says who is to be asked
   */
  async ask<A extends Api>(
    api: A,
    request: RequestInput<A>,
    errorOf: (response: ResponseOf<A>) => ErrorName | undefined,
    options: { readonly maxVersion?: number; readonly timeoutMs?: number; readonly channel?: string } = {},
  ): Promise<ResponseOf<A> | undefined | 'not-sent'> {
    this.#address ??= await this.#find();
    if (this.#address === undefined) return 'not-sent';
    const response = await this.#client.ask(this.#address, api, request, options);
    if (response === undefined || elsewhere.has(errorOf(response) ?? 'NONE')) this.#address = undefined;
    return response;
  }

  async #find(): Promise<Address | undefined> {
    const response = await this.#client.ask(this.#client.anyBroker(), findCoordinator, {
      key: '',
      keyType: this.#keyType,
      coordinatorKeys: [this.#key],
    });
    const found = response?.coordinators[0];
    return found?.errorCode === 'NONE' ? { host: found.host, port: found.port } : undefined;
  }
}
