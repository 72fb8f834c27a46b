import type { ClusterObserver, SimulatedCluster } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';

/** R1: in an epoch of the metadata log at most one broker ever acts as the leader, over all incarnations. */
export class OneLeaderPerEpoch implements ClusterObserver {
  readonly #leaders = new Map<number, string>();

  get elections(): number {
    return this.#leaders.size;
  }

  afterEvent(cluster: SimulatedCluster): void {
    for (const { name, raft } of cluster.running) {
      const { leaderId, leaderEpoch } = raft.leader;
      if (leaderId !== raft.nodeId) continue;
      const known = this.#leaders.get(leaderEpoch);
      if (known === undefined) this.#leaders.set(leaderEpoch, name);
      else if (known !== name) throw new Violation('R1', `${known} and ${name} both led epoch ${leaderEpoch}`);
    }
  }
}
