import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';

/** The name under which the metadata log's own format is finalized as a feature. */
export const metadataVersionFeature = 'metadata.version';

/** Levels of metadata.version that decide how records look. */
const withDirectoryIds = 17; // 3.7-IV2
const withEligibleLeaders = 23; // 4.0-IV1
const withCordonedDirectories = 30; // 4.3-IV0

/** The levels that this version reads and writes: from the first with directory ids to that of Kafka 4.4. */
export const supportedMetadataVersions = { min: withDirectoryIds, max: 33 } as const;

/** What a cluster of ours begins with: 4.3-IV0, which Kafka 4.3 and later and their tools understand. */
export const initialMetadataVersion = 30;

/** The version in which a record of this kind is written while the cluster's metadata.version is `level`. */
export function recordVersion(name: MetadataRecord['name'], level: number): number {
  switch (name) {
    case 'RegisterBrokerRecord':
      return level >= withCordonedDirectories ? 4 : 3;
    case 'BrokerRegistrationChangeRecord':
      return level >= withCordonedDirectories ? 3 : 2;
    case 'PartitionRecord':
    case 'PartitionChangeRecord':
      return level >= withEligibleLeaders ? 2 : 1;
    default:
      return 0;
  }
}

/** Whether partitions have an ELR at this level. */
export function supportsEligibleLeaders(level: number): boolean {
  return level >= withEligibleLeaders;
}
