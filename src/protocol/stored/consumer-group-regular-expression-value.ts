import { array, type DecodedOf, defineMessage, type InputOf, int64, string } from '../schema/index.ts';

/** The topics that a regular expression matched, and when. */
export const consumerGroupRegularExpressionValue = defineMessage({
  name: 'ConsumerGroupRegularExpressionValue',
  apiKey: 16,
  versions: '0',
  flexible: '0+',
  fields: { topics: array(string()), version: int64(), timestamp: int64() },
});

export type ConsumerGroupRegularExpressionValue = DecodedOf<typeof consumerGroupRegularExpressionValue>;
export type ConsumerGroupRegularExpressionValueInput = InputOf<typeof consumerGroupRegularExpressionValue>;
