import {
  array,
  defineApi,
  errorCode,
  int8,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  struct,
} from '../schema/index.ts';

const topologyDescriptionNode = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array(string()),
  sinkTopic: string({ nullable: '0+', default: null }),
  stores: array(string()),
  successors: array(string()),
};

const topologyDescriptionSubtopology = { subtopologyId: string(), nodes: array(topologyDescriptionNode) };

const topologyDescriptionGlobalStore = { source: struct(topologyDescriptionNode), processor: struct(topologyDescriptionNode) };

const topologyDescription = {
  subtopologies: array(topologyDescriptionSubtopology),
  globalStores: array(topologyDescriptionGlobalStore),
};

/**
 * StreamsGroupTopologyDescriptionUpdate: A member of a streams group brings a description of its topology, for
 * people to read (KIP-1331).
 */
export const streamsGroupTopologyDescriptionUpdate = defineApi({
  key: 93,
  name: 'StreamsGroupTopologyDescriptionUpdate',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  request: {
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct(topologyDescription),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    errorMessage: string({ nullable: '0+', default: null }),
  },
});

export type StreamsGroupTopologyDescriptionUpdateRequest = RequestOf<typeof streamsGroupTopologyDescriptionUpdate>;
export type StreamsGroupTopologyDescriptionUpdateRequestInput = RequestInput<typeof streamsGroupTopologyDescriptionUpdate>;
export type StreamsGroupTopologyDescriptionUpdateResponse = ResponseOf<typeof streamsGroupTopologyDescriptionUpdate>;
export type StreamsGroupTopologyDescriptionUpdateResponseInput = ResponseInput<typeof streamsGroupTopologyDescriptionUpdate>;
