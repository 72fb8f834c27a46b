import type { ClusterObserver, SimulatedCluster } from '../simulated-cluster.ts';
import type { Timeline } from '../timeline.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import { ImageWatch } from './image-watch.ts';
import { InSyncSets } from './in-sync-sets.ts';
import { LeaderCandidates } from './leader-candidates.ts';
import { OneLeaderPerEpoch } from './one-leader-per-epoch.ts';
import { OneMetadataHistory } from './one-metadata-history.ts';
import { OneVotePerEpoch } from './one-vote-per-epoch.ts';
import { PartitionWatch } from './partition-watch.ts';

/** All checkers that look on while a cluster runs. */
export class Watchers {
  readonly committed = new CommittedOffsets();
  readonly leaders = new OneLeaderPerEpoch();
  readonly images: ImageWatch;
  readonly observers: readonly ClusterObserver[];

  /** @param options.mayLose what was committed may be gone after power cuts */
  constructor(options: { timeline: Timeline; mayLose: boolean; cluster: () => SimulatedCluster }) {
    const { timeline, mayLose, cluster } = options;
    const candidates = mayLose ? [] : [new LeaderCandidates(cluster, this.committed)];
    this.images = new ImageWatch(timeline, [new InSyncSets(), ...candidates]);
    const partitions = new PartitionWatch({ committed: this.committed, latestImage: () => this.images.latest, mayLose });
    this.observers = [this.leaders, new OneVotePerEpoch(), new OneMetadataHistory(), this.images, partitions];
  }
}
