import type { Clock, Logger } from '#platform';
import { KafkaError } from '#protocol';
import type { AssignReplicasToDirsRequestInput, AssignReplicasToDirsResponse } from '#protocol/apis/assign-replicas-to-dirs.ts';
import { StandingRequest } from './standing-request.ts';

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
  readonly #standing: StandingRequest<string, Assignment>;

  constructor(options: DirectoryAssignmentsOptions) {
    this.#options = options;
    this.#standing = new StandingRequest({
      ...options,
      retryMs,
      about: 'directories of replicas',
      ask: (assignments) => this.#ask([...assignments.values()]),
    });
  }

  assign(topicId: string, partition: number, directory: string): void {
    this.#standing.wish(keyOf(topicId, partition), { topicId, partition, directory });
  }

  /** The metadata say it, or the replica is gone. */
  settled(topicId: string, partition: number): void {
    this.#standing.settled(keyOf(topicId, partition));
  }

  close(): void {
    this.#standing.close();
  }

  async #ask(assignments: readonly Assignment[]): Promise<boolean> {
    const { nodeId, brokerEpoch, send } = this.#options;
    const response = await send({ brokerId: nodeId, brokerEpoch: brokerEpoch(), directories: directoriesOf(assignments) });
    if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
    this.#settle(assignments, response);
    return true;
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
      if (done.has(`${assignment.directory} ${key}`)) this.#standing.settled(key, assignment);
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
