import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a streams group: its topology. */
export const streamsGroupTopologyKey = defineMessage({
  name: 'StreamsGroupTopologyKey',
  apiKey: 23,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type StreamsGroupTopologyKey = DecodedOf<typeof streamsGroupTopologyKey>;
export type StreamsGroupTopologyKeyInput = InputOf<typeof streamsGroupTopologyKey>;
