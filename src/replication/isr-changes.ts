import { type Clock, type Logger, NetworkError, type Timer } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import type { AlterPartitionRequestInput, AlterPartitionResponse } from '#protocol/apis/alter-partition.ts';
import type { IsrProposal } from './isr-state.ts';
import type { Partition } from './partition.ts';

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
  readonly #waiting = new Map<Partition, IsrProposal>();
  #timer: Timer | undefined;
  #inFlight = false;
  #closed = false;

  constructor(options: IsrChangesOptions) {
    this.#options = options;
  }

  propose(partition: Partition, proposal: IsrProposal): void {
    this.#waiting.set(partition, proposal);
    this.#sendIn(0);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  /** In a moment: what is asked for in one turn goes together. */
  #sendIn(delayMs: number): void {
    if (this.#closed || this.#inFlight || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const { nodeId, logger } = this.#options;
    for (const [partition, proposal] of this.#waiting) {
      if (partition.leader?.proposal !== proposal) this.#waiting.delete(partition);
    }
    if (this.#waiting.size === 0 || this.#closed) return;
    const asked = new Map(this.#waiting);
    this.#inFlight = true;
    let failed = false;
    try {
      const response = await this.#options.send({ brokerId: nodeId, brokerEpoch: this.#options.brokerEpoch(), topics: topicsOf(asked) });
      if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
      failed = this.#settle(asked, response);
    } catch (error) {
      if (!(error instanceof NetworkError || error instanceof KafkaError)) throw error;
      logger.debug({ error: error.message }, 'the controller has not answered for the in-sync sets, trying again');
      failed = true;
    } finally {
      this.#inFlight = false;
    }
    if (this.#waiting.size > 0) this.#sendIn(failed ? retryMs : 0);
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
      if (this.#waiting.get(partition) === proposal) this.#waiting.delete(partition);
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
