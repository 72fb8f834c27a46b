import { array, type DecodedOf, defineMessage, type InputOf, int16, int32, string } from '../schema/index.ts';

const topicConfig = { key: string(), value: string() };

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(topicConfig),
};

/** The topology of a streams group: subtopologies with their topics. */
export const streamsGroupTopologyValue = defineMessage({
  name: 'StreamsGroupTopologyValue',
  apiKey: 23,
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    subtopologies: array({
      subtopologyId: string(),
      sourceTopics: array(string()),
      sourceTopicRegex: array(string()),
      stateChangelogTopics: array(topicInfo),
      repartitionSinkTopics: array(string()),
      repartitionSourceTopics: array(topicInfo),
      copartitionGroups: array({
        sourceTopics: array(int16()),
        sourceTopicRegex: array(int16()),
        repartitionSourceTopics: array(int16()),
      }),
    }),
  },
});

export type StreamsGroupTopologyValue = DecodedOf<typeof streamsGroupTopologyValue>;
export type StreamsGroupTopologyValueInput = InputOf<typeof streamsGroupTopologyValue>;
