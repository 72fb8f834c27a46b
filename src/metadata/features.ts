import { metadataVersionFeature, supportedMetadataVersions } from './image/metadata-versions.ts';

/** The name under which KIP-966 is finalized: members of an ISR that became too small stay eligible as leaders. */
export const eligibleLeaderReplicasFeature = 'eligible.leader.replicas.version';

/** From 2 on each transaction has an epoch of its own, and leaders add partitions to transactions (KIP-890); clients do as this says. */
export const transactionVersionFeature = 'transaction.version';

/** From 1 on there are consumer groups (KIP-848). */
export const groupVersionFeature = 'group.version';

export interface SupportedFeature {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/**
 * What this version supports, by Kafka's feature names: the one place that ApiVersions, broker registration and feature updates
 * read. A maximum of 0 says that the feature is known and not served.
 */
export const supportedFeatures: readonly SupportedFeature[] = [
  { name: metadataVersionFeature, minVersion: supportedMetadataVersions.min, maxVersion: supportedMetadataVersions.max },
  { name: 'kraft.version', minVersion: 0, maxVersion: 1 },
  { name: eligibleLeaderReplicasFeature, minVersion: 0, maxVersion: 1 },
  { name: groupVersionFeature, minVersion: 0, maxVersion: 1 },
  { name: transactionVersionFeature, minVersion: 0, maxVersion: 2 },
];
