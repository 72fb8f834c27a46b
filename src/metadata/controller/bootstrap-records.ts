import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { MetadataImage } from '../image/image.ts';
import { initialMetadataVersion, metadataVersionFeature } from '../image/metadata-versions.ts';

/** What a first controller writes into an empty log. Features that are not served are not finalized. */
export function bootstrapRecords(image: MetadataImage): MetadataRecord[] {
  if (image.features.has(metadataVersionFeature)) return [];
  return [{ name: 'FeatureLevelRecord', value: { name: metadataVersionFeature, featureLevel: initialMetadataVersion } }];
}
