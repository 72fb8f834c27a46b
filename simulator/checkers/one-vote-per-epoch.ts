import type { Broker } from '#broker';
import type { ClusterObserver } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';

/**
 * R2, R3: a broker votes for one candidate per epoch, over all its incarnations, and never answers from an epoch below one that it has answered
 * from before. A vote that was not on the disk when its answer left breaks this after a power cut.
 */
export class OneVotePerEpoch implements ClusterObserver {
  readonly #votes = new Map<string, number>();
  readonly #epochs = new Map<string, number>();

  brokerOpened(name: string, { raft }: Broker): void {
    const vote = raft.vote.bind(raft);
    raft.vote = async (request) => {
      const response = await vote(request);
      const [asked] = request.topics[0]?.partitions ?? [];
      const [answered] = response.topics[0]?.partitions ?? [];
      if (asked === undefined || answered === undefined || asked.preVote) return response;
      this.#checkEpoch(name, answered.leaderEpoch);
      if (answered.voteGranted) this.#checkVote(name, asked.replicaEpoch, asked.replicaId);
      return response;
    };
  }

  #checkEpoch(name: string, epoch: number): void {
    const known = this.#epochs.get(name) ?? -1;
    if (epoch < known) throw new Violation('R3', `${name} answers from epoch ${epoch} after it had answered from ${known}`);
    this.#epochs.set(name, epoch);
  }

  #checkVote(name: string, epoch: number, candidate: number): void {
    const key = `${name}/${epoch}`;
    const known = this.#votes.get(key);
    if (known !== undefined && known !== candidate)
      throw new Violation('R2', `${name} voted for ${known} and for ${candidate} in epoch ${epoch}`);
    this.#votes.set(key, candidate);
  }
}
