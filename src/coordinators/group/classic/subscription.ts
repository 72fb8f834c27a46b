import { decodeMessageAt } from '#protocol';
import { type ConsumerProtocolSubscription, consumerProtocolSubscription } from '#protocol/stored/consumer-protocol-subscription.ts';

/** The protocol type of consumers; others (Connect, schema registries) put something else into their metadata. */
export const consumerProtocolType = 'consumer';

const newestKnown = 3;

/** What a consumer wrote into JoinGroup; undefined when it is something else. Versions that are newer than known begin like the newest one. */
export function readSubscription(metadata: Buffer): (ConsumerProtocolSubscription & { readonly version: number }) | undefined {
  if (metadata.length < 2) return undefined;
  const version = Math.min(metadata.readInt16BE(0), newestKnown);
  if (version < 0) return undefined;
  try {
    return { ...decodeMessageAt(consumerProtocolSubscription, version, metadata, 2).value, version };
  } catch {
    return undefined;
  }
}
