import type { PartitionImage } from '#metadata';
import { type Collector, counter, gauge, type Scrape } from '../definition.ts';

const brokers = gauge('kafka_brokers', 'controller', [], 'Brokers that are in service.');
const brokerInfo = gauge(
  'kafka_broker_info',
  'controller',
  ['id', 'address'],
  'A broker that is in service, and the address that clients are told. The value is its id.',
);
const activeControllers = gauge(
  'kafka_controller_kafkacontroller_activecontrollercount',
  'broker',
  [],
  '1 on the broker that is the active controller, else 0: the sum over all brokers is 1.',
);
const activeBrokers = gauge('kafka_controller_kafkacontroller_activebrokercount', 'controller', [], 'Brokers that are in service.');
const fencedBrokers = gauge(
  'kafka_controller_kafkacontroller_fencedbrokercount',
  'controller',
  [],
  'Brokers that are registered and not in service: down, starting, or cut off.',
);
const topics = gauge('kafka_controller_kafkacontroller_globaltopiccount', 'controller', [], 'Topics of the cluster.');
const partitions = gauge('kafka_controller_kafkacontroller_globalpartitioncount', 'controller', [], 'Partitions of the cluster.');
const offline = gauge('kafka_controller_kafkacontroller_offlinepartitionscount', 'controller', [], 'Partitions without a leader.');
const imbalanced = gauge(
  'kafka_controller_kafkacontroller_preferredreplicaimbalancecount',
  'controller',
  [],
  'Partitions that are led by another replica than the preferred one.',
);
const elections = counter(
  'kafka_controller_controllerstats_leaderelections_total',
  'broker',
  [],
  'Leaders that this broker has elected while it was the controller.',
);
const uncleanElections = counter(
  'kafka_controller_controllerstats_uncleanleaderelections_total',
  'broker',
  [],
  'Of these, replicas that were not in sync: committed records may be lost.',
);
const topicPartitions = gauge('kafka_topic_partitions', 'controller', ['topic'], 'Partitions of the topic.');

/** What only the controller tells, so that it is told once. */
export function clusterCollector(): Collector {
  return {
    title: 'Cluster',
    metrics: [
      brokers,
      brokerInfo,
      activeControllers,
      activeBrokers,
      fencedBrokers,
      topics,
      partitions,
      offline,
      imbalanced,
      elections,
      uncleanElections,
      topicPartitions,
    ],
    collect,
  };
}

function collect({ telemetry: { services, changes }, sheet }: Scrape): void {
  const { image, controller } = services;
  sheet.set(elections, changes.elections);
  sheet.set(uncleanElections, changes.uncleanElections);
  sheet.set(activeControllers, controller.isActive ? 1 : 0);
  if (!controller.isActive) return;
  const inService = image.brokers.all().filter(({ fenced }) => !fenced);
  sheet.set(brokers, inService.length);
  sheet.set(activeBrokers, inService.length);
  sheet.set(fencedBrokers, image.brokers.all().length - inService.length);
  for (const { id, endpoints } of inService) {
    const [endpoint] = endpoints;
    if (endpoint !== undefined) sheet.set(brokerInfo, id, id, `${endpoint.host}:${endpoint.port}`);
  }
  const all = image.topics.all();
  for (const { name, partitions: those } of all) sheet.set(topicPartitions, those.length, name);
  const places = all.flatMap((topic) => topic.partitions);
  sheet.set(topics, all.length);
  sheet.set(partitions, places.length);
  sheet.set(offline, places.filter(({ leader }) => leader < 0).length);
  sheet.set(imbalanced, places.filter(isImbalanced).length);
}

function isImbalanced({ leader, replicas }: PartitionImage): boolean {
  return leader !== replicas[0];
}
