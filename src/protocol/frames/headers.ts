import { defineMessage, int16, int32, string } from '../schema/index.ts';

/** What stands before every request. The client id keeps its old form, so that any broker can read an ApiVersions request. */
export const requestHeader = defineMessage({
  name: 'RequestHeader',
  versions: '1-2',
  flexible: '2+',
  fields: {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ nullable: '1+', flexible: 'none' }),
  },
});

/** What stands before every response. */
export const responseHeader = defineMessage({
  name: 'ResponseHeader',
  versions: '0-1',
  flexible: '1+',
  fields: { correlationId: int32() },
});
