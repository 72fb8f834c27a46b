import { asKafkaError, KafkaError } from '#protocol';
import type { UpdateFeaturesRequest, UpdateFeaturesResponseInput } from '#protocol/apis/update-features.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { quoted } from '../configs/parse.ts';
import { supportedFeatures } from '../features.ts';
import type { ControllerState, Decision } from './state.ts';

type Update = UpdateFeaturesRequest['featureUpdates'][number];

/** Raises finalized feature levels, all or none. Lowering one could leave records that its readers do not know, and is refused. */
export function updateFeatures(state: ControllerState, request: UpdateFeaturesRequest): Decision<UpdateFeaturesResponseInput> {
  const { featureUpdates } = request;
  try {
    if (featureUpdates.length === 0) throw new KafkaError('INVALID_REQUEST', 'no feature is named');
    if (new Set(featureUpdates.map(({ feature }) => feature)).size !== featureUpdates.length) {
      throw new KafkaError('INVALID_REQUEST', 'a feature is named more than once');
    }
    const records = featureUpdates.flatMap((update) => updateOne(state, update));
    return {
      records: request.validateOnly ? [] : records,
      response: {
        throttleTimeMs: 0,
        errorCode: 'NONE',
        errorMessage: null,
        results: featureUpdates.map(({ feature }) => ({ feature, errorCode: 'NONE', errorMessage: null })),
      },
    };
  } catch (thrown) {
    const error = asKafkaError(thrown);
    return {
      records: [],
      response: { throttleTimeMs: 0, errorCode: error.errorName, errorMessage: `no feature was changed: ${error.message}`, results: [] },
    };
  }
}

function updateOne(state: ControllerState, { feature, maxVersionLevel: level }: Update): MetadataRecord[] {
  const supported = supportedFeatures.find(({ name }) => name === feature);
  const refuse = (why: string) => new KafkaError('INVALID_UPDATE_VERSION', `${quoted(feature)}=${level}: ${why}`);
  if (supported === undefined) throw refuse('there is no such feature here');
  if (feature === 'kraft.version') throw refuse('it follows from how the controllers were formed and is not set');
  if (level < supported.minVersion || level > supported.maxVersion)
    throw refuse(`supported are ${supported.minVersion} to ${supported.maxVersion}`);
  const present = state.image.features.get(feature) ?? 0;
  if (level < present) throw refuse(`it is at ${present} and is never lowered`);
  for (const broker of state.image.brokers.all()) {
    const range = broker.features.find(({ name }) => name === feature);
    if (level > 0 && (range === undefined || level < range.min || level > range.max))
      throw refuse(`broker ${broker.id} does not support it`);
  }
  return level === present ? [] : [{ name: 'FeatureLevelRecord', value: { name: feature, featureLevel: level } }];
}
