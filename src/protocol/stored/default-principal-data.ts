import { bool, type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Who a client is, as an envelope carries it to the controller. */
export const defaultPrincipalData = defineMessage({
  name: 'DefaultPrincipalData',
  versions: '0',
  flexible: '0+',
  fields: { type: string(), name: string(), tokenAuthenticated: bool() },
});

export type DefaultPrincipalData = DecodedOf<typeof defaultPrincipalData>;
export type DefaultPrincipalDataInput = InputOf<typeof defaultPrincipalData>;
