import { tmpdir } from 'node:os';
import {
  type Address,
  ClusterClock,
  type Disk,
  type Logger,
  memoryDisk,
  type Network,
  NetworkError,
  NodeClock,
  NodeDisk,
  NodeNetwork,
  type Random,
  ReservedPort,
  SeededRandom,
  SystemRandom,
  silentLogger,
} from '#platform';
import { DirectCluster } from './direct-cluster.ts';
import { EmbeddedBroker } from './embedded-broker.ts';
import { Faults } from './faults.ts';
import { KafkaCluster } from './kafka-cluster.ts';
import { type ClusterOptions, checkOptions, OptionError } from './options.ts';
import { untilCoordinated, untilServing } from './reset.ts';
import { readManifest, restore, type SnapshotManifest } from './snapshot.ts';
import { testProfile } from './test-profile.ts';

const defaultHost = '127.0.0.1';
const defaultTimeoutMs = 30_000;
const patienceMs = 10_000;
/** How often the system is asked for another port when it chooses one that a snapshot uses in another sense. */
const portAttempts = 50;

/**
 * Starts a Kafka cluster within this process. It is ready when the promise resolves: every broker is in service and known to the others, coordinators answer, and the
 * topics are there.
 * @throws OptionError that names the option; NetworkError when a port cannot be had; TimeoutError that says what was missing; the signal's reason
 */
export async function startCluster(options: ClusterOptions = {}): Promise<KafkaCluster> {
  checkOptions(options);
  options.signal?.throwIfAborted();
  const anchor = keepAlive();
  const clock = new ClusterClock(new NodeClock());
  const ports: ReservedPort[] = [];
  let cluster: KafkaCluster | undefined;
  try {
    const manifest = options.fromSnapshot === undefined ? undefined : readManifest(options.fromSnapshot);
    clock.aheadMs = manifest?.aheadMs ?? 0;
    const network = new NodeNetwork({ log: options.logger ?? silentLogger, keepsAlive: false });
    for (const port of await reservePorts(network, options, manifest)) ports.push(port);
    const { brokers, ...parts } = assemble(options, { clock, network, ports, manifest, anchor });
    cluster = new KafkaCluster({ brokers, clock, anchor, topics: options.topics ?? {}, ...parts });
    await bringUp(cluster, brokers, parts.direct, options, clock.monotonic());
    const started = cluster;
    options.signal?.addEventListener('abort', () => void started.close(), { once: true });
    return cluster;
  } catch (error) {
    if (cluster === undefined) {
      await Promise.all(ports.map((port) => port.close()));
      clock.close();
      anchor.close();
    }
    await cluster?.close();
    throw error;
  }
}

async function bringUp(
  cluster: KafkaCluster,
  brokers: readonly EmbeddedBroker[],
  direct: DirectCluster,
  options: ClusterOptions,
  startedAt: number,
): Promise<void> {
  const { timeout = defaultTimeoutMs, topics = {}, signal } = options;
  const left = () => Math.max(1, startedAt + timeout - direct.clock.monotonic());
  await Promise.all(brokers.map((broker) => broker.start()));
  await untilServing(direct, brokers, left(), signal);
  const image = direct.anyone().router!.image;
  // Those of an earlier run, or of a snapshot, are there.
  const missing = Object.fromEntries(Object.entries(topics).filter(([name]) => image.topics.byName(name) === undefined));
  await Promise.all([cluster.createTopics(missing), untilCoordinated(direct, left(), signal)]);
}

/** @throws NetworkError, OptionError */
async function reservePorts(network: Network, options: ClusterOptions, manifest: SnapshotManifest | undefined): Promise<ReservedPort[]> {
  const { port = 0, host = defaultHost } = options;
  const ids = manifest?.brokers.map(({ id }) => id) ?? Array.from({ length: options.brokers ?? 1 }, (_, index) => index + 1);
  const taken: ReservedPort[] = [];
  try {
    for (const [index, id] of ids.entries()) taken.push(await reservePort(network, host, port === 0 ? 0 : port + index, id, manifest));
    return taken;
  } catch (error) {
    await Promise.all(taken.map((reserved) => reserved.close()));
    throw error;
  }
}

async function reservePort(
  network: Network,
  host: string,
  port: number,
  id: number,
  manifest: SnapshotManifest | undefined,
): Promise<ReservedPort> {
  for (let attempt = 1; ; attempt++) {
    try {
      const reserved = await ReservedPort.take(network, { hosts: [host], port });
      // What the files of a snapshot call another broker's must not be this one's.
      const isAnothers = manifest?.brokers.some(
        (broker) => broker.id !== id && broker.addresses.some((address) => address.port === reserved.port),
      );
      if (!isAnothers) return reserved;
      await reserved.close();
      if (port !== 0 || attempt === portAttempts)
        throw new OptionError('port', port, 'in the snapshot it is the port of another broker', 'Choose another port, or 0');
    } catch (error) {
      if (port !== 0 && error instanceof NetworkError && error.code === 'EADDRINUSE')
        throw new OptionError(
          'port',
          port,
          'it is in use',
          'Stop what uses it, choose another, or leave it out so that the system chooses',
        );
      throw error;
    }
  }
}

function assemble(
  options: ClusterOptions,
  parts: {
    clock: ClusterClock;
    network: Network;
    ports: readonly ReservedPort[];
    manifest: SnapshotManifest | undefined;
    anchor: ReturnType<typeof keepAlive>;
  },
) {
  const { clock, network, ports, manifest } = parts;
  const { host = defaultHost, seed, logger = silentLogger, config = {} } = options;
  const random: Random = seed === undefined ? new SystemRandom() : new SeededRandom(seed);
  const { directory, temporaryDirectory } = directoryOf(options, new SystemRandom());
  const ids = manifest?.brokers.map(({ id }) => id) ?? ports.map((_, index) => index + 1);
  const properties = testProfile(ids.length);
  for (const [name, value] of Object.entries(config)) properties.set(name, String(value));
  const addresses = ids.map((_, index): Address => ({ host, port: ports[index]!.port }));
  const data = ids.map((id) => {
    const disk: Disk = directory === undefined ? memoryDisk() : new NodeDisk();
    return { id, disk, path: directory === undefined ? `/broker-${id}` : `${directory}/${id}` };
  });
  if (manifest !== undefined) for (const each of data) restore(options.fromSnapshot!, each);
  const former = (id: number) => manifest?.brokers.find((broker) => broker.id === id)?.addresses ?? [];
  const route = routeOf(ids, addresses, former);
  const faults = new Faults({
    clock,
    isBroker: (clientId) => ids.some((id) => clientId === `broker-${id}`),
    nameOf: (topicId) => brokers.find(({ router }) => router !== undefined)?.router?.image.topics.byId(topicId)?.name,
  });
  const brokers = ids.map(
    (id, index) =>
      new EmbeddedBroker({
        id,
        clock,
        disk: data[index]!.disk,
        directory: data[index]!.path,
        network,
        log: logger as Logger,
        host,
        port: ports[index]!,
        peers: addresses.filter((_, other) => other !== index),
        properties,
        random: (life) => random.fork(`broker ${id}, life ${life}`),
        route,
        intercept: (broker) => faults.interceptorOf(broker.id),
      }),
  );
  for (const broker of brokers)
    broker.isCutOff = ({ port }) => brokers.some((other) => other.address.port === port && other.isolation !== 'none');
  return {
    brokers,
    direct: new DirectCluster(brokers, clock, patienceMs),
    faults,
    data,
    isKept: directory !== undefined && temporaryDirectory === undefined,
    temporaryDirectory,
    addresses: (id: number) => [...former(id), addresses[ids.indexOf(id)]!],
  };
}

/** Where an address leads that brokers remember from the cluster of a snapshot. */
function routeOf(
  ids: readonly number[],
  addresses: readonly Address[],
  former: (id: number) => readonly Address[],
): (address: Address) => Address {
  const now = new Map(ids.flatMap((id, index) => former(id).map((address) => [`${address.host}:${address.port}`, addresses[index]!])));
  return (address) => now.get(`${address.host}:${address.port}`) ?? address;
}

function directoryOf(
  { storage, directory }: ClusterOptions,
  random: Random,
): { directory: string | undefined; temporaryDirectory: string | undefined } {
  if (directory !== undefined) return { directory, temporaryDirectory: undefined };
  if (storage !== 'disk') return { directory: undefined, temporaryDirectory: undefined };
  const temporaryDirectory = `${tmpdir()}/kafka-lite-cluster-${random.uuid()}`;
  return { directory: temporaryDirectory, temporaryDirectory };
}

/** Something that the event loop waits for: nothing else of a cluster does that. */
function keepAlive(): { ref(): void; unref(): void; close(): void } {
  const { port1 } = new MessageChannel();
  port1.on('message', () => {});
  return { ref: () => void port1.ref(), unref: () => void port1.unref(), close: () => port1.close() };
}
