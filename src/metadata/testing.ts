/** For tests, of other folders too: records of a metadata log, single ones, and random histories in which each fits what came before it. */
import fc from 'fast-check';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PartitionChangeRecord } from '#protocol/stored/partition-change-record.ts';
import { unassignedDirectory } from './image/directory-ids.ts';

/** A stored uuid made of a number. */
export function idOf(number: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(0x40000000, 4);
  bytes.writeUInt32BE(number, 12);
  return bytes.toString('base64url');
}

const small = fc.nat({ max: 7 });
const brokerIds = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
const names = fc.constantFrom('orders', 'a.b', 'a_c', '__proto__', 'constructor', 'x', 'toString', '9');

/** One wish; {@link historyOf} makes it a record that fits, or passes over it. */
const wish = fc.oneof(
  fc.record({ type: fc.constant('register' as const), broker: small, rack: fc.option(names), fenced: fc.boolean() }),
  fc.record({
    type: fc.constant('change-broker' as const),
    broker: small,
    fenced: fc.integer({ min: -1, max: 1 }),
    shutdown: fc.nat({ max: 1 }),
  }),
  fc.record({ type: fc.constant('unregister' as const), broker: small }),
  fc.record({ type: fc.constant('create' as const), name: names, partitions: fc.integer({ min: 0, max: 4 }), replicas: brokerIds }),
  fc.record({
    type: fc.constant('change-partition' as const),
    topic: small,
    partition: small,
    leader: fc.integer({ min: -2, max: 5 }),
    isr: fc.option(brokerIds),
    replicas: fc.option(brokerIds),
    elr: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 2 })),
  }),
  fc.record({ type: fc.constant('delete' as const), topic: small }),
  fc.record({ type: fc.constant('clear-elr' as const), topic: fc.option(names) }),
  fc.record({
    type: fc.constant('config' as const),
    resourceType: fc.constantFrom(2, 4, 16, 32),
    resource: names,
    key: names,
    value: fc.option(fc.string({ maxLength: 5 })),
  }),
  fc.record({ type: fc.constant('feature' as const), name: fc.constantFrom('group.version', 'share.version'), level: small }),
  fc.record({ type: fc.constant('producer-ids' as const), count: fc.integer({ min: 1, max: 5000 }) }),
  fc.record({ type: fc.constant('acl' as const), id: small, remove: fc.boolean() }),
  fc.record({ type: fc.constant('quota' as const), user: fc.option(names), key: names, remove: fc.boolean() }),
  fc.record({ type: fc.constant('scram' as const), user: names, remove: fc.boolean() }),
  fc.record({ type: fc.constant('token' as const), id: names, remove: fc.boolean() }),
  fc.record({ type: fc.constant('controller' as const), id: small, remove: fc.boolean() }),
  fc.record({ type: fc.constant('no-op' as const) }),
);
type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

/** Histories that begin as a cluster of ours does, with metadata.version. */
export const histories: fc.Arbitrary<MetadataRecord[]> = fc.array(wish, { maxLength: 60 }).map(historyOf);

function historyOf(wishes: readonly Wish[]): MetadataRecord[] {
  const records: MetadataRecord[] = [{ name: 'FeatureLevelRecord', value: { name: 'metadata.version', featureLevel: 30 } }];
  const brokers = new Map<number, bigint>();
  const topics: { id: string; name: string; partitions: number }[] = [];
  let nextProducerId = 0n;
  for (const [index, one] of wishes.entries()) {
    switch (one.type) {
      case 'register':
        brokers.set(one.broker, BigInt(index));
        records.push({
          name: 'RegisterBrokerRecord',
          value: {
            brokerId: one.broker,
            isMigratingZkBroker: false,
            incarnationId: idOf(1000 + index),
            brokerEpoch: BigInt(index),
            endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092 + one.broker, securityProtocol: 0 }],
            features: [{ name: 'metadata.version', minSupportedVersion: 17, maxSupportedVersion: 33 }],
            rack: one.rack,
            fenced: one.fenced,
            inControlledShutdown: false,
            logDirs: [idOf(2000 + one.broker)],
            cordonedLogDirs: null,
          },
        });
        break;
      case 'change-broker': {
        const brokerEpoch = brokers.get(one.broker);
        if (brokerEpoch === undefined) break;
        records.push({
          name: 'BrokerRegistrationChangeRecord',
          value: {
            brokerId: one.broker,
            brokerEpoch,
            fenced: one.fenced,
            inControlledShutdown: one.shutdown,
            logDirs: [],
            cordonedLogDirs: null,
          },
        });
        break;
      }
      case 'unregister': {
        const brokerEpoch = brokers.get(one.broker);
        if (brokerEpoch === undefined) break;
        brokers.delete(one.broker);
        records.push({ name: 'UnregisterBrokerRecord', value: { brokerId: one.broker, brokerEpoch } });
        break;
      }
      case 'create': {
        if (topics.some(({ name }) => name === one.name)) break;
        const topic = { id: idOf(10_000 + index), name: one.name, partitions: one.partitions };
        topics.push(topic);
        records.push({ name: 'TopicRecord', value: { name: topic.name, topicId: topic.id } });
        for (let partitionId = 0; partitionId < one.partitions; partitionId++) {
          records.push({
            name: 'PartitionRecord',
            value: {
              partitionId,
              topicId: topic.id,
              replicas: one.replicas,
              isr: one.replicas,
              removingReplicas: [],
              addingReplicas: [],
              leader: one.replicas[0]!,
              leaderRecoveryState: 0,
              leaderEpoch: 0,
              partitionEpoch: 0,
              directories: one.replicas.map((replica) => idOf(2000 + replica)),
              eligibleLeaderReplicas: null,
              lastKnownElr: null,
            },
          });
        }
        break;
      }
      case 'change-partition': {
        const topic = topics[one.topic % Math.max(topics.length, 1)];
        if (topic === undefined || topic.partitions === 0) break;
        records.push({
          name: 'PartitionChangeRecord',
          value: {
            partitionId: one.partition % topic.partitions,
            topicId: topic.id,
            isr: one.isr,
            leader: one.leader,
            replicas: one.replicas,
            removingReplicas: null,
            addingReplicas: null,
            leaderRecoveryState: -1,
            directories: null,
            eligibleLeaderReplicas: one.elr,
            lastKnownElr: null,
          },
        });
        break;
      }
      case 'delete': {
        const [topic] = topics.splice(one.topic % Math.max(topics.length, 1), 1);
        if (topic !== undefined) records.push({ name: 'RemoveTopicRecord', value: { topicId: topic.id } });
        break;
      }
      case 'clear-elr':
        records.push({ name: 'ClearElrRecord', value: { topicName: one.topic ?? '' } });
        break;
      case 'config':
        records.push({
          name: 'ConfigRecord',
          value: { resourceType: one.resourceType, resourceName: one.resource, name: one.key, value: one.value },
        });
        break;
      case 'feature':
        records.push({ name: 'FeatureLevelRecord', value: { name: one.name, featureLevel: one.level } });
        break;
      case 'producer-ids':
        nextProducerId += BigInt(one.count);
        records.push({ name: 'ProducerIdsRecord', value: { brokerId: 1, brokerEpoch: 0n, nextProducerId } });
        break;
      case 'acl':
        if (one.remove) records.push({ name: 'RemoveAccessControlEntryRecord', value: { id: idOf(3000 + one.id) } });
        else {
          records.push({
            name: 'AccessControlEntryRecord',
            value: {
              id: idOf(3000 + one.id),
              resourceType: 2,
              resourceName: 'orders',
              patternType: 3,
              principal: 'User:alice',
              host: '*',
              operation: 3,
              permissionType: 3,
            },
          });
        }
        break;
      case 'quota':
        records.push({
          name: 'ClientQuotaRecord',
          value: { entity: [{ entityType: 'user', entityName: one.user }], key: one.key, value: 1024.5, remove: one.remove },
        });
        break;
      case 'scram':
        if (one.remove) records.push({ name: 'RemoveUserScramCredentialRecord', value: { name: one.user, mechanism: 1 } });
        else {
          const [salt, storedKey, serverKey] = ['salt', 'stored', 'server'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
          records.push({
            name: 'UserScramCredentialRecord',
            value: { name: one.user, mechanism: 1, salt, storedKey, serverKey, iterations: 8192 },
          });
        }
        break;
      case 'token':
        if (one.remove) records.push({ name: 'RemoveDelegationTokenRecord', value: { tokenId: one.id } });
        else {
          const times = { issueTimestamp: 1n, maxTimestamp: 3n, expirationTimestamp: 2n };
          records.push({
            name: 'DelegationTokenRecord',
            value: { owner: 'User:a', requester: 'User:a', renewers: [], ...times, tokenId: one.id },
          });
        }
        break;
      case 'controller':
        if (one.remove) records.push({ name: 'UnregisterControllerRecord', value: { controllerId: one.id } });
        else {
          records.push({
            name: 'RegisterControllerRecord',
            value: { controllerId: one.id, incarnationId: idOf(4000), zkMigrationReady: false, endPoints: [], features: [] },
          });
        }
        break;
      default:
        records.push({ name: 'NoOpRecord', value: {} });
    }
  }
  return records;
}

/** A topic whose partitions are each on one broker, which leads them. */
/** A broker in service, with that epoch. */
export function brokerInService(brokerId: number, brokerEpoch: bigint): MetadataRecord {
  return {
    name: 'RegisterBrokerRecord',
    value: {
      brokerId,
      isMigratingZkBroker: false,
      incarnationId: idOf(7000 + brokerId),
      brokerEpoch,
      endPoints: [],
      features: [],
      rack: null,
      fenced: false,
      inControlledShutdown: false,
      logDirs: [],
      cordonedLogDirs: null,
    },
  };
}

export function newTopic(name: string, topicId: string, leaders: readonly number[]): MetadataRecord[] {
  return [
    { name: 'TopicRecord', value: { name, topicId } },
    ...leaders.map(
      (leader, partitionId): MetadataRecord => ({
        name: 'PartitionRecord',
        value: {
          partitionId,
          topicId,
          replicas: [leader],
          isr: [leader],
          removingReplicas: [],
          addingReplicas: [],
          leader,
          leaderRecoveryState: 0,
          leaderEpoch: 0,
          partitionEpoch: 0,
          directories: [unassignedDirectory],
          eligibleLeaderReplicas: null,
          lastKnownElr: null,
        },
      }),
    ),
  ];
}

/** A topic of one partition with several replicas. @param of what differs from: all in sync, and the first leads */
export function replicatedTopic(
  name: string,
  topicId: string,
  replicas: readonly number[],
  of: { leader?: number; isr?: readonly number[]; elr?: readonly number[]; directories?: readonly string[]; leaderEpoch?: number } = {},
): MetadataRecord[] {
  const { leader = replicas[0]!, isr = replicas, elr, directories = replicas.map(() => unassignedDirectory), leaderEpoch = 0 } = of;
  return [
    { name: 'TopicRecord', value: { name, topicId } },
    {
      name: 'PartitionRecord',
      value: {
        partitionId: 0,
        topicId,
        replicas: [...replicas],
        isr: [...isr],
        removingReplicas: [],
        addingReplicas: [],
        leader,
        leaderRecoveryState: 0,
        leaderEpoch,
        partitionEpoch: 0,
        directories: [...directories],
        eligibleLeaderReplicas: elr === undefined ? null : [...elr],
        lastKnownElr: null,
      },
    },
  ];
}

/** Partition 0 of a topic changes in what is given. */
export function partitionChanges(topicId: string, change: Partial<PartitionChangeRecord>): MetadataRecord {
  const { value } = newLeader(topicId, 0, -2) as { value: PartitionChangeRecord };
  return { name: 'PartitionChangeRecord', value: { ...value, ...change } };
}

/** Another leader, or -1 for none; the leader epoch rises. */
export function newLeader(topicId: string, partitionId: number, leader: number): MetadataRecord {
  return {
    name: 'PartitionChangeRecord',
    value: {
      partitionId,
      topicId,
      isr: null,
      leader,
      replicas: null,
      removingReplicas: null,
      addingReplicas: null,
      leaderRecoveryState: -1,
      directories: null,
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  };
}

export function removeTopic(topicId: string): MetadataRecord {
  return { name: 'RemoveTopicRecord', value: { topicId } };
}

/** @param resourceType 2: topic, 4: broker */
export function config(resourceType: number, resourceName: string, name: string, value: string | null): MetadataRecord {
  return { name: 'ConfigRecord', value: { resourceType, resourceName, name, value } };
}
