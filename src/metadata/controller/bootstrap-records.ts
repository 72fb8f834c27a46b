import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { eligibleLeaderReplicasFeature, groupVersionFeature, transactionVersionFeature } from '../features.ts';
import { configResourceCodes } from '../image/image.ts';
import { initialMetadataVersion, metadataVersionFeature } from '../image/metadata-versions.ts';
import { configConsequences } from './config-consequences.ts';
import type { View } from './partition-change.ts';

/**
 * What a leadership begins with. In an empty log that is the levels of the features; those that are not served are not finalized. And what the controller
 * was started with as min.insync.replicas becomes that of the cluster, where none is set: every broker has to count with the same one.
 */
export function bootstrapRecords({ image, configs }: View): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  if (!image.features.has(metadataVersionFeature)) {
    records.push({ name: 'FeatureLevelRecord', value: { name: metadataVersionFeature, featureLevel: initialMetadataVersion } });
    records.push({ name: 'FeatureLevelRecord', value: { name: eligibleLeaderReplicasFeature, featureLevel: 1 } });
    records.push({ name: 'FeatureLevelRecord', value: { name: groupVersionFeature, featureLevel: 1 } });
    records.push({ name: 'FeatureLevelRecord', value: { name: transactionVersionFeature, featureLevel: 2 } });
  }
  const name = 'min.insync.replicas';
  const value = configs.startProperty(name);
  if (value !== undefined && !image.configs.of('broker', '').has(name)) {
    const config = { resourceType: configResourceCodes.broker, resourceName: '', name, value };
    const record: MetadataRecord = { name: 'ConfigRecord', value: config };
    records.push(record, ...configConsequences({ image, configs }, [record]));
  }
  return records;
}
