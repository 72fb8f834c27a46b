import type { TransactionService } from '#coordinators';
import type { ControllerService, EffectiveConfigs, MetadataImage } from '#metadata';
import type { Address, Clock, Logger, Random } from '#platform';
import type { Api, RequestInput, ResponseOf } from '#protocol';
import type { Raft } from '#raft';
import type { ReplicaManager } from '#replication';
import type { LogDirectory } from '#storage';
import type { Coordinators } from './coordinators.ts';
import type { FetchSessions } from './fetch-sessions.ts';
import type { Groups } from './groups.ts';
import type { ProducerIds } from './producer-ids.ts';
import type { TransactionVerifier } from './transaction-verifier.ts';
import type { VanishedBrokers } from './vanished-brokers.ts';

/** What an authorizer is asked about. */
export type Operation =
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'cluster-action'
  | 'describe-configs'
  | 'alter-configs'
  | 'idempotent-write';

/** The parts of a running broker that handlers may use. */
export interface Services {
  readonly nodeId: number;
  readonly clusterId: string | undefined;
  /** The latest metadata that this broker has applied. */
  readonly image: MetadataImage;
  readonly configs: EffectiveConfigs;
  readonly partitions: ReplicaManager;
  readonly logDirectory: LogDirectory;
  readonly controller: ControllerService;
  readonly raft: Raft;
  readonly coordinators: Coordinators;
  readonly groups: Groups;
  readonly producerIds: ProducerIds;
  readonly fetchSessions: FetchSessions;
  readonly vanishedBrokers: VanishedBrokers;
  /** Asks coordinators whether partitions that are led here take part in transactions. */
  readonly transactionVerifier: Pick<TransactionVerifier, 'ask'>;
  /** The transactions that this broker coordinates. */
  readonly transactions: TransactionService;
  /** Topics that are just being created because a client asked for them. */
  readonly underWay: Set<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /**
   * The address that clients are to use for a broker.
   * @param local which of our addresses the client dialled; handlers leave it out, their context knows it
   */
  addressOf(brokerId: number, local?: Address): Address | undefined;
  /** Any broker's metadata shows a node that takes admin writes: here the controller when it is known and alive, else this one. */
  readonly controllerId: number;
  /** Bytes that fit on the data directory's disk, where that is known. */
  freeBytes(): number | undefined;
  /** Sends a request to the active controller, which may be this broker. */
  sendToController<A extends Api>(api: A, request: RequestInput<A>): Promise<ResponseOf<A>>;
}

/** What a handler can touch: the broker's parts, and who asks. */
export interface Context extends Services {
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** Where the request came from; undefined for one that this broker sent to itself (HTTP). */
  readonly remote: Address | undefined;
  /** Which of our addresses was dialled. */
  readonly local: Address | undefined;
  /** Ends when the client is gone; a request that waits need not go on. */
  readonly connection: { readonly closed: boolean; onClose(callback: () => void): void } | undefined;
  /** Says who the client's software is, from ApiVersions. */
  noteClientSoftware(name: string, version: string): void;
  /** Whether the client may do this. Everybody may everything until there is an authorizer. */
  may(operation: Operation, resource: string): boolean;
}
