import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a regular expression that members of a consumer group subscribe to. */
export const consumerGroupRegularExpressionKey = defineMessage({
  name: 'ConsumerGroupRegularExpressionKey',
  apiKey: 16,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), regularExpression: string() },
});

export type ConsumerGroupRegularExpressionKey = DecodedOf<typeof consumerGroupRegularExpressionKey>;
export type ConsumerGroupRegularExpressionKeyInput = InputOf<typeof consumerGroupRegularExpressionKey>;
