import { noAnswer } from '#client';
import { type Address, NetworkError, nodePlatform, silentLogger } from '#platform';
import { type Api, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import { BrokerClient } from '#transport';
import { formatAddress } from '../addresses.ts';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { stayAlive } from '../signals.ts';
import { programVersion } from '../version.ts';
import { type AdminFlags, readServers } from './admin-flags.ts';

/** Does it matter whether a request without an answer took effect? */
type Effect = 'read' | 'write';

/** Kafka's protocol to whichever of the named brokers answers; any Kafka cluster. */
export class AdminClient {
  readonly #client: BrokerClient;
  readonly #servers: readonly Address[];
  readonly #timeoutMs: number;

  constructor(options: { client: BrokerClient; servers: readonly Address[]; timeoutMs?: number }) {
    this.#client = options.client;
    this.#servers = options.servers;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
  }

  /**
   * Asks one broker after the other until one answers.
   * @throws CliError notReady when none does; failed when a write may have taken effect
   * @throws KafkaError UNSUPPORTED_VERSION from a cluster that does not know the API
   */
  async send<A extends Api>(api: A, request: RequestInput<A>, effect: Effect = 'read', maxVersion?: number): Promise<ResponseOf<A>> {
    const failures: string[] = [];
    for (const server of this.#servers) {
      try {
        const options = { timeoutMs: this.#timeoutMs, ...(maxVersion === undefined ? {} : { maxVersion }) };
        return await this.#client.send(server, api, request, options);
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        if (effect === 'write' && error.code !== 'ECONNREFUSED') throw outcomeUnknown(server, error);
        failures.push(noAnswer(server, error));
      }
    }
    throw new CliError(`${failures.join('; ')}. Is a broker running there, and its cluster formed?`, exitCodes.notReady);
  }
}

/** Runs a command with a client for the servers that its flags name. */
export async function withAdminClient<T>(flags: AdminFlags, run: (client: AdminClient) => Promise<T>): Promise<T> {
  const servers = readServers(flags);
  const { network, clock } = nodePlatform({ log: silentLogger });
  const software = { name: 'kafka-lite-cluster', version: programVersion() };
  const client = new BrokerClient({ network, clock, log: silentLogger, clientId: 'kafka-lite-cluster', software });
  const letGo = stayAlive();
  try {
    return await run(new AdminClient({ client, servers }));
  } catch (error) {
    if (error instanceof KafkaError && error.errorName === 'UNSUPPORTED_VERSION')
      throw new CliError(`This cluster does not know the request: ${error.message}.`, exitCodes.failed, { cause: error });
    throw error;
  } finally {
    client.close();
    letGo();
  }
}

function outcomeUnknown(server: Address, error: NetworkError): CliError {
  return new CliError(
    `The connection to ${formatAddress(server)} broke (${error.message}). It is not known whether the request took effect: look before you send it again.`,
    exitCodes.failed,
    { cause: error },
  );
}
