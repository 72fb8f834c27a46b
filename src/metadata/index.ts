/** What the metadata log says about the cluster: the image its records add up to, the configs, and the controller that decides new records. */
export { brokerConfigs } from './configs/broker-configs.ts';
export { type ConfigDefinition, type ConfigType, configTypeCodes } from './configs/definition.ts';
export {
  type ConfigSource,
  configSourceCodes,
  type DescribedConfig,
  EffectiveConfigs,
  type EffectiveConfigsOptions,
  type FoundConfig,
} from './configs/effective-configs.ts';
export { topicConfigs } from './configs/topic-configs.ts';
export { checkBrokerProperties } from './configs/validate.ts';
export { ControllerService, type ControllerServiceOptions, type MetadataLog } from './controller/controller-service.ts';
export { type SupportedFeature, supportedFeatures } from './features.ts';
export type { BrokerChange, ConfigChange, MetadataDelta, PartitionChange } from './image/delta.ts';
export { lostDirectory, unassignedDirectory } from './image/directory-ids.ts';
export {
  type BrokerImage,
  type ConfigResource,
  configResourceOf,
  type EndpointImage,
  emptyImage,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image/image.ts';
export { initialMetadataVersion } from './image/metadata-versions.ts';
export { encodeRecord } from './image/records.ts';
export { type CommittedBatch, type LoadedSnapshot, MetadataLoader, type MetadataLoaderOptions, type SnapshotWriter } from './loader.ts';
export { isInternalTopic, isValidTopicName } from './topic-names.ts';
