import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PersistentMap } from './persistent-map.ts';

type Kept = PersistentMap<string, MetadataRecord>;

/** Keys sort in the order in which Apache Kafka writes these records into a snapshot. */
function keyOf(kind: string, ...parts: readonly unknown[]): string {
  return `${kind}:${JSON.stringify(parts)}`;
}

/**
 * Takes in a record of a kind that this version does not act on. The record itself is kept under the name of what it is about,
 * until another replaces or removes it, and goes into every snapshot: what other versions or Apache Kafka wrote passes through unharmed.
 * @returns undefined when the record is of another kind
 */
export function keep(kept: Kept, record: MetadataRecord): Kept | undefined {
  switch (record.name) {
    case 'RegisterControllerRecord':
      return kept.set(keyOf('1 controller', record.value.controllerId), record);
    case 'UnregisterControllerRecord':
      return kept.delete(keyOf('1 controller', record.value.controllerId));
    case 'ClientQuotaRecord': {
      const entity = record.value.entity.map((part) => [part.entityType, part.entityName]).sort();
      const key = keyOf('2 quota', entity, record.value.key);
      return record.value.remove ? kept.delete(key) : kept.set(key, record);
    }
    case 'AccessControlEntryRecord':
      return kept.set(keyOf('3 acl', record.value.id), record);
    case 'RemoveAccessControlEntryRecord':
      return kept.delete(keyOf('3 acl', record.value.id));
    case 'UserScramCredentialRecord':
      return kept.set(keyOf('4 scram', record.value.name, record.value.mechanism), record);
    case 'RemoveUserScramCredentialRecord':
      return kept.delete(keyOf('4 scram', record.value.name, record.value.mechanism));
    case 'DelegationTokenRecord':
      return kept.set(keyOf('5 token', record.value.tokenId), record);
    case 'RemoveDelegationTokenRecord':
      return kept.delete(keyOf('5 token', record.value.tokenId));
    case 'ZkMigrationStateRecord':
      return kept.set(keyOf('6 migration'), record);
    default:
      return undefined;
  }
}
