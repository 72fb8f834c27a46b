import { type Clock, type Logger, NetworkError, type Timer } from '#platform';
import { KafkaError } from '#protocol';
import type { AssignReplicasToDirsRequestInput, AssignReplicasToDirsResponse } from '#protocol/apis/assign-replicas-to-dirs.ts';

/** After a request that came to nothing. */
const retryMs = 200;

interface Assignment {
  readonly topicId: string;
  readonly partition: number;
  readonly directory: string;
}

export interface DirectoryAssignmentsOptions {
  readonly nodeId: number;
  /** Of this incarnation; -1 while it is not registered. */
  readonly brokerEpoch: () => bigint;
  /** Sends to the active controller. Rejects with NetworkError or KafkaError. */
  readonly send: (request: AssignReplicasToDirsRequestInput) => Promise<AssignReplicasToDirsResponse>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells the controller in which directory a replica is, or that it is lost, until the controller has heard it (AssignReplicasToDirs, KIP-858). What counts in the
 * end is the metadata: whoever reads there that an assignment is in force takes it out by {@link settled}.
 */
export class DirectoryAssignments {
  readonly #options: DirectoryAssignmentsOptions;
  readonly #wanted = new Map<string, Assignment>();
  #timer: Timer | undefined;
  #inFlight = false;
  #closed = false;

  constructor(options: DirectoryAssignmentsOptions) {
    this.#options = options;
  }

  assign(topicId: string, partition: number, directory: string): void {
    this.#wanted.set(keyOf(topicId, partition), { topicId, partition, directory });
    this.#sendIn(0);
  }

  /** The metadata say it, or the replica is gone. */
  settled(topicId: string, partition: number): void {
    this.#wanted.delete(keyOf(topicId, partition));
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#wanted.clear();
  }

  #sendIn(delayMs: number): void {
    if (this.#closed || this.#inFlight || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    if (this.#wanted.size === 0 || this.#closed) return;
    const { nodeId, brokerEpoch, logger } = this.#options;
    this.#inFlight = true;
    const asked = [...this.#wanted.values()];
    try {
      const response = await this.#options.send({ brokerId: nodeId, brokerEpoch: brokerEpoch(), directories: directoriesOf(asked) });
      if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
      this.#settle(asked, response);
    } catch (error) {
      if (!(error instanceof NetworkError || error instanceof KafkaError)) throw error;
      logger.debug({ error: error.message }, 'the controller has not been told of the directories of replicas, trying again');
    } finally {
      this.#inFlight = false;
    }
    this.#sendIn(retryMs);
  }

  #settle(asked: readonly Assignment[], response: AssignReplicasToDirsResponse): void {
    const done = new Set(
      response.directories.flatMap(({ id, topics }) =>
        topics.flatMap(({ topicId, partitions }) =>
          partitions
            .filter(({ errorCode }) => errorCode !== 'NOT_CONTROLLER')
            .map(({ partitionIndex }) => `${id} ${keyOf(topicId, partitionIndex)}`),
        ),
      ),
    );
    for (const assignment of asked) {
      const key = keyOf(assignment.topicId, assignment.partition);
      if (done.has(`${assignment.directory} ${key}`) && this.#wanted.get(key) === assignment) this.#wanted.delete(key);
    }
  }
}

function directoriesOf(assignments: readonly Assignment[]): AssignReplicasToDirsRequestInput['directories'] {
  const directories = new Map<string, Map<string, { partitionIndex: number }[]>>();
  for (const { directory, topicId, partition } of assignments) {
    const topics = directories.get(directory) ?? new Map<string, { partitionIndex: number }[]>();
    directories.set(directory, topics);
    const partitions = topics.get(topicId) ?? [];
    topics.set(topicId, partitions);
    partitions.push({ partitionIndex: partition });
  }
  return [...directories].map(([id, topics]) => ({
    id,
    topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
  }));
}

function keyOf(topicId: string, partition: number): string {
  return `${topicId}/${partition}`;
}
