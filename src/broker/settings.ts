import { type EffectiveConfigs, emptyImage, type MetadataImage } from '#metadata';
import type { RaftConfig } from '#raft';
import type { FetcherSettings } from '#replication';
import type { CleanerSettings } from '#storage';
import type { ServerLimits } from '#transport';

/** What is read once, when a broker starts: the static configuration, sorted by who obeys it. */
export interface StartSettings {
  readonly limits: Partial<ServerLimits>;
  readonly raft: Partial<RaftConfig>;
  readonly snapshotEveryBytes: number;
  readonly snapshotEveryMs: number;
  readonly retentionCheckMs: number;
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
  readonly fetchSessionSlots: number;
  readonly fetcher: FetcherSettings;
  readonly replicaLagTimeMaxMs: number;
}

export function startSettings(configs: EffectiveConfigs): StartSettings {
  const number = (name: string) => configs.brokerNumber(emptyImage, name);
  return {
    limits: {
      maxFrameBytes: number('socket.request.max.bytes'),
      maxIdleMs: number('connections.max.idle.ms'),
      maxConnections: number('max.connections'),
    },
    raft: {
      electionTimeoutMs: number('controller.quorum.election.timeout.ms'),
      electionBackoffMaxMs: number('controller.quorum.election.backoff.max.ms'),
      fetchTimeoutMs: number('controller.quorum.fetch.timeout.ms'),
      requestTimeoutMs: number('controller.quorum.request.timeout.ms'),
    },
    snapshotEveryBytes: number('metadata.log.max.record.bytes.between.snapshots'),
    snapshotEveryMs: number('metadata.log.max.snapshot.interval.ms'),
    retentionCheckMs: number('log.retention.check.interval.ms'),
    heartbeatIntervalMs: number('broker.heartbeat.interval.ms'),
    sessionTimeoutMs: number('broker.session.timeout.ms'),
    fetchSessionSlots: number('max.incremental.fetch.session.cache.slots'),
    fetcher: {
      maxWaitMs: number('replica.fetch.wait.max.ms'),
      maxBytes: number('replica.fetch.max.bytes'),
      maxResponseBytes: number('replica.fetch.response.max.bytes'),
      backoffMs: number('replica.fetch.backoff.ms'),
    },
    replicaLagTimeMaxMs: number('replica.lag.time.max.ms'),
  };
}

/** How compacted logs are cleaned; most of it can be changed while the broker runs. */
export function cleanerSettings(configs: EffectiveConfigs, image: MetadataImage): CleanerSettings {
  const number = (name: string) => configs.brokerNumber(image, name);
  return {
    isEnabled: configs.broker(image, 'log.cleaner.enable') === 'true',
    backoffMs: number('log.cleaner.backoff.ms'),
    dedupeBufferBytes: number('log.cleaner.dedupe.buffer.size'),
    loadFactor: number('log.cleaner.io.buffer.load.factor'),
    ioBufferBytes: number('log.cleaner.io.buffer.size'),
    maxBytesPerSecond: number('log.cleaner.io.max.bytes.per.second'),
  };
}
