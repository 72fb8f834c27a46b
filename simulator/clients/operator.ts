import { addRaftVoter } from '#protocol/apis/add-raft-voter.ts';
import { describeQuorum } from '#protocol/apis/describe-quorum.ts';
import { electLeaders } from '#protocol/apis/elect-leaders.ts';
import { removeRaftVoter } from '#protocol/apis/remove-raft-voter.ts';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import type { SimulatedClient } from './simulated-client.ts';

const timeoutMs = 3000;
const unclean = 1;

/** Changes who votes, as an administrator does by hand, and in the end puts everything in order again. */
export class Operator {
  readonly #client: SimulatedClient;
  readonly #cluster: SimulatedCluster;

  constructor(client: SimulatedClient, cluster: SimulatedCluster) {
    this.#client = client;
    this.#cluster = cluster;
  }

  /** One try. */
  async removeVoter(name: string): Promise<void> {
    const nodeId = this.#cluster.nodeIdOf(name);
    const voter = (await this.#voters())?.find(({ replicaId }) => replicaId === nodeId);
    if (voter !== undefined) await this.#remove(nodeId, voter.replicaDirectoryId);
  }

  /** One try. The broker has to be up, as only it knows which directory it has. */
  async addVoter(name: string): Promise<void> {
    const directoryId = this.#cluster.directoryIdOf(name);
    if (directoryId === undefined) return;
    const [address] = this.#cluster.addresses.filter(({ host }) => host === name);
    await this.#client.ask(this.#anyBroker(), addRaftVoter, {
      clusterId: null,
      timeoutMs,
      voterId: this.#cluster.nodeIdOf(name),
      voterDirectoryId: directoryId,
      listeners: [{ name: 'PLAINTEXT', host: name, port: address!.port }],
    });
  }

  /** Until every broker votes, and nobody votes by a directory that is gone. */
  async restoreVoters(): Promise<void> {
    for (;;) {
      const voters = await this.#voters();
      const wrong = voters === undefined ? this.#cluster.names : this.#cluster.names.filter((name) => !this.#votes(name, voters));
      if (wrong.length === 0) return;
      for (const name of voters === undefined ? [] : wrong) {
        const stale = voters!.find(({ replicaId }) => replicaId === this.#cluster.nodeIdOf(name));
        if (stale === undefined) await this.addVoter(name);
        else await this.#remove(stale.replicaId, stale.replicaDirectoryId);
      }
      await this.#client.pause();
    }
  }

  /**
   * The only copy of a partition has been given up for lost, by a disk that failed for a moment, and has come back whole: that it may lead
   * again somebody has to decide. Where there are other replicas such an election might choose one of them, and its broker comes back anyhow.
   */
  async trustLastCopies(): Promise<void> {
    for (const topic of this.#cluster.latestImage?.topics.all() ?? []) {
      const partitions = topic.partitions.filter(
        ({ leader, isr, elr, replicas }) => leader === -1 && isr.length + replicas.length === 1 && elr.length === 1,
      );
      for (const { partition, elr } of partitions) {
        const copy = this.#cluster.broker(this.#cluster.nameOf(elr[0]!)!)?.partitions.replica(topic.name, partition);
        if (copy === undefined || copy.isClosed) continue;
        const topicPartitions = [{ topic: topic.name, partitions: [partition] }];
        await this.#client.ask(this.#anyBroker(), electLeaders, { electionType: unclean, topicPartitions, timeoutMs });
      }
    }
  }

  #votes(name: string, voters: readonly { replicaId: number; replicaDirectoryId: string }[]): boolean {
    const directoryId = this.#cluster.directoryIdOf(name);
    return voters.some((voter) => voter.replicaId === this.#cluster.nodeIdOf(name) && voter.replicaDirectoryId === directoryId);
  }

  async #voters() {
    const response = await this.#client.ask(this.#anyBroker(), describeQuorum, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    });
    const partition = response?.topics[0]?.partitions[0];
    return partition?.errorCode === 'NONE' ? partition.currentVoters : undefined;
  }

  async #remove(voterId: number, voterDirectoryId: string): Promise<void> {
    await this.#client.ask(this.#anyBroker(), removeRaftVoter, { clusterId: null, voterId, voterDirectoryId });
  }

  #anyBroker() {
    return this.#client.anyBroker();
  }
}
