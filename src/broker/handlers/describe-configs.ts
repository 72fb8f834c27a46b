import { configResourceOf, configSourceCodes, configTypeCodes, type DescribedConfig, isValidTopicName } from '#metadata';
import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { type DescribeConfigsRequest, describeConfigs } from '#protocol/apis/describe-configs.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type AskedResource = DescribeConfigsRequest['resources'][number];
type Answer = ResponseInput<typeof describeConfigs>;
type ResourceAnswer = Answer['results'][number];

/** DescribeConfigs: how are these topics, brokers or other resources configured, and where does each value come from? */
export const handleDescribeConfigs = handler(
  describeConfigs,
  '1-4',
  (request, context): Answer => ({
    throttleTimeMs: 0,
    results: distinct(request.resources).map((resource) => answer(resource, request, context)),
  }),
  { failed: (request, error) => ({ throttleTimeMs: 0, results: request.resources.map((resource) => failed(resource, error)) }) },
);

/** Each resource once: an answer is many times as long as its question. */
function distinct(resources: readonly AskedResource[]): AskedResource[] {
  return [...new Map(resources.map((resource) => [`${resource.resourceType} ${resource.resourceName}`, resource])).values()];
}

function answer(asked: AskedResource, request: DescribeConfigsRequest, context: Context): ResourceAnswer {
  try {
    const wanted = asked.configurationKeys === null || asked.configurationKeys.length === 0 ? undefined : new Set(asked.configurationKeys);
    const configs = describe(asked, context).filter(({ name }) => wanted?.has(name) ?? true);
    return {
      errorCode: 'NONE',
      errorMessage: '',
      resourceType: asked.resourceType,
      resourceName: asked.resourceName,
      configs: configs.map((config) => ({
        name: config.name,
        value: config.value,
        readOnly: config.readOnly,
        configSource: configSourceCodes[config.source],
        isSensitive: config.sensitive,
        synonyms: request.includeSynonyms
          ? config.synonyms.map(({ name, value, source }) => ({ name, value, source: configSourceCodes[source] }))
          : [],
        configType: configTypeCodes[config.type],
        documentation: request.includeDocumentation ? config.doc : null,
      })),
    };
  } catch (error) {
    return failed(asked, error);
  }
}

function describe({ resourceType, resourceName }: AskedResource, context: Context): DescribedConfig[] {
  const { image, configs } = context;
  const resource = configResourceOf(resourceType);
  if (!context.may('describe-configs', resourceName))
    throw new KafkaError(resource === 'topic' ? 'TOPIC_AUTHORIZATION_FAILED' : 'CLUSTER_AUTHORIZATION_FAILED');
  switch (resource) {
    case 'topic':
      if (!isValidTopicName(resourceName)) throw new KafkaError('INVALID_TOPIC_EXCEPTION', `"${resourceName}" is no topic name`);
      if (image.topics.byName(resourceName) === undefined)
        throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${resourceName}`);
      return configs.describeTopic(image, resourceName);
    case 'broker':
      if (resourceName !== '' && resourceName !== String(context.nodeId)) {
        throw new KafkaError(
          'INVALID_REQUEST',
          `broker ${context.nodeId} was asked for the configs of broker "${resourceName}", whose own it cannot know`,
        );
      }
      return configs.describeBroker(image, resourceName);
    case 'group':
      return configs.describeGroup(image, resourceName);
    default:
      throw new KafkaError(
        'INVALID_REQUEST',
        `resources of type ${resourceType} have no configs here; 2 is a topic, 4 a broker, 32 a group`,
      );
  }
}

function failed({ resourceType, resourceName }: AskedResource, error: unknown): ResourceAnswer {
  const { errorName, message } = asKafkaError(error);
  return { errorCode: errorName, errorMessage: message, resourceType, resourceName, configs: [] };
}
