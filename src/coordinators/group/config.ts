/** The settings of groups that are the same for all: the broker's. */
export interface GroupConfig {
  /** group.min.session.timeout.ms, group.max.session.timeout.ms */
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** group.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number;
  /** group.max.size */
  readonly maxSize: number;
  /** offset.metadata.max.bytes */
  readonly maxMetadataBytes: number;
  /** offsets.retention.minutes */
  readonly offsetsRetentionMs: number;
  /** offsets.retention.check.interval.ms */
  readonly retentionCheckMs: number;
  /** group.consumer.max.size */
  readonly consumerMaxSize: number;
  /** group.consumer.migration.policy: may a classic group with members become a consumer group, and back, while it works? */
  readonly mayUpgrade: boolean;
  readonly mayDowngrade: boolean;
}

/** The settings of one consumer group: its own, else the broker's. */
export interface ConsumerGroupConfig {
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

/** A member that joins anew and has to wait for others is given up after so long, whatever its session timeout. */
export const newMemberJoinTimeoutMs = 300_000;
