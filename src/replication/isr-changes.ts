import type { Clock, Logger } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import type { AlterPartitionRequestInput, AlterPartitionResponse } from '#protocol/apis/alter-partition.ts';
import type { IsrProposal } from './isr-state.ts';
import type { Partition } from './partition.ts';
import { StandingRequest } from './standing-request.ts';

/** After a request that came to nothing. */
const retryMs = 50;

/** Errors that say for certain that this and every earlier try were not carried out, so that the old set is in force. */
const refusals: ReadonlySet<ErrorName> = new Set<ErrorName>(['INELIGIBLE_REPLICA', 'INVALID_REQUEST', 'OPERATION_NOT_ATTEMPTED']);

/**
 * The partition has moved on, perhaps by an earlier try whose answer was lost. Which set is in force will be in the metadata log, and until then
 * both count.
 */
const overtaken: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'INVALID_UPDATE_VERSION',
  'FENCED_LEADER_EPOCH',
  'NEW_LEADER_ELECTED',
  'UNKNOWN_TOPIC_ID',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

export interface IsrChangesOptions {
  readonly nodeId: number;
  /** Of this incarnation; -1 while it is not registered. */
  readonly brokerEpoch: () => bigint;
  /** Sends to the active controller, whoever that is. Rejects with NetworkError or KafkaError. */
  readonly send: (request: AlterPartitionRequestInput) => Promise<AlterPartitionResponse>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Brings the in-sync sets that leaders ask for to the controller, those of many partitions in one request, one request at a time, again and again
 * until there is an answer that settles it (AlterPartition, KIP-497).
 */
export class IsrChanges {
  readonly #options: IsrChangesOptions;
  readonly #standing: StandingRequest<Partition, IsrProposal>;

  constructor(options: IsrChangesOptions) {
    this.#options = options;
    this.#standing = new StandingRequest({
      ...options,
      retryMs,
      about: 'in-sync sets',
      isWanted: (partition, proposal) => partition.leader?.proposal === proposal,
      ask: (proposals) => this.#ask(proposals),
    });
  }

  propose(partition: Partition, proposal: IsrProposal): void {
    this.#standing.wish(partition, proposal);
  }

  close(): void {
    this.#standing.close();
  }

  async #ask(proposals: ReadonlyMap<Partition, IsrProposal>): Promise<boolean> {
    const { nodeId, brokerEpoch, send } = this.#options;
    const response = await send({ brokerId: nodeId, brokerEpoch: brokerEpoch(), topics: topicsOf(proposals) });
    if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
    return this.#settle(proposals, response);
  }

  /** @returns whether something has to be asked for again */
  #settle(asked: ReadonlyMap<Partition, IsrProposal>, response: AlterPartitionResponse): boolean {
    let again = false;
    const answers = new Map(
      response.topics.flatMap(({ topicId, partitions }) =>
        partitions.map((answer) => [`${topicId}/${answer.partitionIndex}`, answer] as const),
      ),
    );
    for (const [partition, proposal] of asked) {
      const answer = answers.get(`${partition.topicId}/${partition.index}`);
      if (answer === undefined) {
        again = true;
        continue;
      }
      const { errorCode } = answer;
      if (errorCode === 'NONE') partition.isrAccepted(answer.leaderEpoch, answer);
      else if (refusals.has(errorCode)) {
        this.#options.logger.info({ partition: partition.name, error: errorCode }, 'the controller refuses the in-sync set');
        partition.isrRefused(proposal);
      } else if (!overtaken.has(errorCode)) {
        again = true;
        continue;
      }
      this.#standing.settled(partition, proposal);
    }
    return again;
  }
}

function topicsOf(asked: ReadonlyMap<Partition, IsrProposal>): AlterPartitionRequestInput['topics'] {
  const topics = new Map<string, AlterPartitionRequestInput['topics'][number]['partitions'][number][]>();
  for (const [{ topicId, index }, { leaderEpoch, partitionEpoch, isr }] of asked) {
    const partitions = topics.get(topicId) ?? [];
    topics.set(topicId, partitions);
    partitions.push({ partitionIndex: index, leaderEpoch, partitionEpoch, newIsrWithEpochs: [...isr] });
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions }));
}
