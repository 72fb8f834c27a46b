import type { Address, Random } from '#platform';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { EffectiveConfigs } from '../configs/effective-configs.ts';
import type { BrokerImage, MetadataImage } from '../image/image.ts';
import type { BrokerSessions } from './sessions.ts';

/** What an act decided: the records that make it so, as one batch, and the answer to give once they are committed. No records: at once. */
export interface Decision<Response> {
  readonly records: readonly MetadataRecord[];
  readonly response: Response;
}

export interface ControllerSettings {
  readonly maxPartitionsPerRequest: number;
  /** broker.session.timeout.ms */
  readonly sessionTimeoutMs: number;
  /** Where a broker is that was registered at an address, when that is known to have changed with a copy of all data. */
  readonly addressNow: (address: Address) => Address;
}

export const defaultControllerSettings: ControllerSettings = {
  maxPartitionsPerRequest: 10_000,
  sessionTimeoutMs: 3000,
  addressNow: (address) => address,
};

/** What acts may look at. They change nothing: records do, when the controller applies them. */
export interface ControllerState {
  readonly clusterId: string;
  /** The metadata with everything that was decided, committed or not. */
  readonly image: MetadataImage;
  readonly configs: EffectiveConfigs;
  readonly settings: ControllerSettings;
  readonly sessions: BrokerSessions;
  readonly random: Random;
  /** The offset that the next record will get. */
  readonly nextOffset: bigint;
  /** The highest offset of a topic change that a client was told is done: who joins the cluster must have it. */
  readonly answeredOffset: bigint;
  /** An existing topic that may not stand beside one of this name, because '.' and '_' are one to Kafka's metrics. */
  collidingTopic(name: string): string | undefined;
}

/** May the broker be given leaderships and replicas? */
export function isActive(broker: BrokerImage | undefined): broker is BrokerImage {
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
}
