import type { MetadataDelta, PartitionImage } from '#metadata';

/** What has happened to the cluster's partitions while this broker looked on, each change counted by one broker: a partition's leader, and elections by the controller. */
export class MetadataChanges {
  isrShrinks = 0;
  isrExpands = 0;
  elections = 0;
  /** Of replicas that may lack what was committed. */
  uncleanElections = 0;
  readonly #nodeId: number;
  readonly #isController: () => boolean;

  constructor(options: { nodeId: number; isController: () => boolean }) {
    this.#nodeId = options.nodeId;
    this.#isController = options.isController;
  }

  note({ topics }: MetadataDelta): void {
    const isController = this.#isController();
    for (const { before, partition } of topics.changedPartitions) {
      if (before === undefined) continue;
      if (partition.leader === this.#nodeId || (partition.leader < 0 && isController)) this.#noteIsr(before, partition);
      if (isController) this.#noteElection(before, partition);
    }
  }

  #noteIsr(before: PartitionImage, after: PartitionImage): void {
    if (before.isr.some((id) => !after.isr.includes(id))) this.isrShrinks++;
    if (after.isr.some((id) => !before.isr.includes(id))) this.isrExpands++;
  }

  #noteElection(before: PartitionImage, { leader, isr, leaderRecoveryState }: PartitionImage): void {
    if (leader < 0 || leader === before.leader) return;
    this.elections++;
    const isUnclean = leaderRecoveryState === 1 || !(before.isr.includes(leader) || before.elr.includes(leader));
    if (isUnclean && isr.includes(leader)) this.uncleanElections++;
  }
}
