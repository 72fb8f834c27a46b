import { foreign } from '../installed.ts';
import { go, installed, java, node, python } from '../programs.ts';

const sessions = ['session.timeout.ms=10000', 'heartbeat.interval.ms=500'];
const assignor = (name: string) => `partition.assignment.strategy=org.apache.kafka.clients.consumer.${name}`;
const librdkafka = [
  '-X',
  'session.timeout.ms=10000',
  '-X',
  'heartbeat.interval.ms=500',
  '-X',
  'auto.offset.reset=earliest',
  '-X',
  'auto.commit.interval.ms=200',
];

/** A member of a group as a program. It is given bootstrap, topic and group. */
export interface MemberProgram {
  readonly client: string;
  command(bootstrap: string, topic: string, group: string): readonly [command: string, ...args: string[]];
  /** Does it speak the lines of the README? kcat has lines of its own. */
  readonly speaks: 'lines' | 'kcat';
  /** It has to look for what it was given, and may tell it late: who had what, when, cannot be held against it. */
  readonly isLate?: boolean;
  /** It hands over what it had fetched in a former generation, and commits it in the present one: its commits may go back. */
  readonly isStale?: boolean;
}

/** `more` comes after the three arguments that all take. */
function members(program: ReturnType<typeof java>, ...more: readonly string[]): MemberProgram[] {
  return installed([program]).map(({ client, command, before }) => ({
    client,
    command: (bootstrap, topic, group) => [command, ...before, bootstrap, topic, group, ...more],
    speaks: 'lines',
  }));
}

const kcat: MemberProgram = {
  client: 'kcat',
  command: (bootstrap, topic, group) => ['kcat', '-b', bootstrap, ...librdkafka, '-u', '-f', 'record %p %o %s\n', '-G', group, topic],
  speaks: 'kcat',
};

/** All clients and protocols that are installed, in parts that are played at the same time: a machine of two cores has enough to do with each. */
export const memberPrograms: Readonly<Record<string, readonly MemberProgram[]>> = {
  Java: [
    ...members(java('Java, eager', 'GroupMember'), assignor('RangeAssignor'), ...sessions),
    ...members(java('Java, cooperative', 'GroupMember'), assignor('CooperativeStickyAssignor'), ...sessions),
    ...members(java('Java, consumer protocol', 'GroupMember'), 'group.protocol=consumer'),
  ],
  'librdkafka and Python': [
    ...(foreign.kcat === undefined ? [] : [kcat]),
    ...members(python('confluent-kafka, eager', 'confluent_group.py'), 'range'),
    ...members(python('confluent-kafka, cooperative', 'confluent_group.py'), 'cooperative-sticky'),
    ...members(python('confluent-kafka, consumer protocol', 'confluent_group.py'), 'consumer'),
    ...members(python('aiokafka', 'aiokafka_group.py')),
  ],
  'Go and Node': [
    ...members(go('franz-go', 'franz', 'group')),
    ...members(go('sarama', 'sarama', 'group')),
    ...members(node('kafkajs', 'kafkajs-group.ts')),
    ...members(node('platformatic, eager', 'platformatic-group.ts'), 'classic').map((program) => ({ ...program, isStale: true })),
    ...members(node('platformatic, consumer protocol', 'platformatic-group.ts'), 'consumer').map((program) => ({
      ...program,
      isLate: true,
      isStale: true,
    })),
  ],
};
