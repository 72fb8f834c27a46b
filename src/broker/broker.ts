import type { Socket } from 'node:net';
import type { TransactionService } from '#coordinators';
import {
  type BrokerImage,
  ControllerService,
  checkBrokerProperties,
  EffectiveConfigs,
  emptyImage,
  type MetadataImage,
  MetadataLoader,
  supportedFeatures,
} from '#metadata';
import { type Address, type Logger, type Platform, sleep } from '#platform';
import { type Api, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import { addPartitionsToTxn } from '#protocol/apis/add-partitions-to-txn.ts';
import { alterPartition } from '#protocol/apis/alter-partition.ts';
import { assignReplicasToDirs } from '#protocol/apis/assign-replicas-to-dirs.ts';
import { fetch } from '#protocol/apis/fetch.ts';
import { writeTxnMarkers } from '#protocol/apis/write-txn-markers.ts';
import { metadataLogConfig, metadataTopicName, Raft } from '#raft';
import { ReplicaManager, type ReplicationPeers } from '#replication';
import { LogDirectory } from '#storage';
import { BrokerClient, type KafkaServer } from '#transport';
import { ClientAddresses } from './client-addresses.ts';
import { type ClusterHealth, clusterHealth } from './cluster-health.ts';
import type { BrokerConfig, Endpoint } from './config.ts';
import type { Services } from './context.ts';
import { ControllerChannel } from './controller-channel.ts';
import { askForProducerIds, forwardTimeoutMs, forwardToController } from './controller-requests.ts';
import { Coordinators } from './coordinators.ts';
import { describeListeners } from './describe-listeners.ts';
import { Dispatcher } from './dispatcher.ts';
import { FetchSessions } from './fetch-sessions.ts';
import { Groups } from './groups.ts';
import { allHandlers } from './handlers/index.ts';
import { HangWatch } from './hang-watch.ts';
import { Identity } from './identity.ts';
import type { Interceptor } from './interceptor.ts';
import { BrokerLifecycle } from './lifecycle.ts';
import { advertisedEndpoints, listenersOf, listenOnAll } from './listeners.ts';
import { MetadataChanges } from './metadata-changes.ts';
import { ProducerIds } from './producer-ids.ts';
import { ReadinessWatch } from './readiness-watch.ts';
import { LocalRouter, type RequestRouter } from './request-router.ts';
import { cleanerSettings, type StartSettings, startSettings } from './settings.ts';
import { type Telemetry, telemetryOf } from './telemetry.ts';
import { TransactionVerifier } from './transaction-verifier.ts';
import { startTransactions } from './transactions.ts';
import { VanishedBrokers } from './vanished-brokers.ts';

/** Takes the HTTP connections of the common port. */
export interface HttpDoor {
  handle(socket: Socket): void;
  close(): Promise<void>;
}

export interface BrokerOptions {
  readonly platform: Platform;
  readonly config: BrokerConfig;
  /** Makes the HTTP side; without it HTTP connections are closed. */
  readonly http?: (router: RequestRouter) => HttpDoor;
  /** Sees the broker when it is put together and has not started to look for the cluster. */
  readonly onOpened?: (broker: Broker) => void;
  /** Sees each request that comes over a connection before it is carried out, and decides what becomes of it. */
  readonly intercept?: Interceptor;
  /** Where a broker is that an address of an earlier life of the cluster leads to, for one that goes on elsewhere with a copy of all data. */
  readonly addressNow?: (address: Address) => Address;
  /** Told when this broker cannot go on: its disk failed, or an invariant did not hold. */
  readonly onFatal?: (error: unknown) => void;
}

const noControllerNow = 'the cluster has no controller at the moment: a majority of its voters must be up';
const shutdownTimeoutMs = 3000;
/** A change of the cluster that is under way gets so long, as a broker that stops as well may never confirm it. */
const retireTimeoutMs = 1000;
const coordinatorTimeoutMs = 10_000;
/** A leader that answers no fetch within what it may wait and this is taken for unreachable. */
const fetchGraceMs = 2000;

/**
 * One broker: the platform's doors, the log directory, the metadata quorum, the partitions and the port, put together. It is a
 * Raft voter or observer, may become the controller, and serves partitions, all in one event loop.
 */
export class Broker {
  readonly #platform: Platform;
  readonly #config: BrokerConfig;
  readonly #log: Logger;
  readonly #configs: EffectiveConfigs;
  readonly #logDirectory: LogDirectory;
  readonly #client: BrokerClient;
  readonly #servers: readonly KafkaServer[];
  readonly #clientAddresses: ClientAddresses;
  readonly #http: HttpDoor | undefined;
  /** This broker's part in the quorum; for tests that look on. */
  readonly raft: Raft;
  readonly #loader: MetadataLoader;
  readonly #controller: ControllerService;
  /** This broker's replicas; for tests that look on. */
  readonly partitions: ReplicaManager;
  /** Who coordinates what here. */
  readonly coordinators: Coordinators;
  readonly #groups: Groups;
  readonly #lifecycle: BrokerLifecycle;
  readonly #hangWatch: HangWatch;
  readonly #vanishedBrokers: VanishedBrokers;
  readonly #incarnationId: string;
  readonly #dispatcher: Dispatcher;
  readonly #changes: MetadataChanges;
  readonly #onFatal: BrokerOptions['onFatal'];
  #transactions!: TransactionService;
  readonly router: RequestRouter;
  #readinessWatch: ReadinessWatch | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Opens the data, takes the port and starts to look for the cluster. Resolves when the port answers; {@link whenReady} tells when requests succeed.
   * @throws ConfigError-like errors that name what is wrong: directory in use, foreign cluster or id, port in use
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const { platform, config } = options;
    const log = platform.log.child({ broker: config.nodeId });
    const properties = new Map(config.properties);
    for (const name of checkBrokerProperties(properties)) log.warn({ name }, 'a setting of this name is not known and has no effect');
    const configs = new EffectiveConfigs({ nodeId: config.nodeId, properties });
    Identity.check(platform.disk, config.directory, config.nodeId);
    const logDirectory = await LogDirectory.open({
      platform: { ...platform, log },
      path: config.directory,
      config: configs.logConfig(emptyImage, ''),
      configFor: (topic) => (topic === metadataTopicName ? metadataLogConfig : configs.logConfig(emptyImage, topic)),
    });
    try {
      return await Broker.#assemble(options, log, properties, configs, logDirectory);
    } catch (error) {
      await logDirectory.close({}).catch(() => {});
      throw error;
    }
  }

  static async #assemble(
    options: BrokerOptions,
    log: Logger,
    properties: Map<string, string>,
    configs: EffectiveConfigs,
    logDirectory: LogDirectory,
  ): Promise<Broker> {
    const { platform, config } = options;
    const { clock, random, network } = platform;
    const identity = await Identity.load(platform.disk, config.directory, config.nodeId, random);
    const client = new BrokerClient({ network, clock, random: random.fork('client'), log, clientId: `broker-${config.nodeId}` });
    const settings = startSettings(configs);
    let broker: Broker | undefined;
    // Who dials in the first moment waits until there is somebody to answer.
    const opened = Promise.withResolvers<Broker>();
    opened.promise.catch(() => {});
    const servers = await listenOnAll(config, {
      network,
      clock,
      log,
      limits: settings.limits,
      onRequest: (frame, connection) =>
        broker === undefined
          ? opened.promise.then((ready) => ready.#dispatcher.dispatch(frame, connection))
          : broker.#dispatcher.dispatch(frame, connection),
      onHttp: (socket) => {
        opened.promise.then(
          (ready) => (ready.#http === undefined ? socket.destroy() : ready.#http.handle(socket)),
          () => socket.destroy(),
        );
      },
    });
    try {
      const { port } = servers[0]!;
      const endpoints = advertisedEndpoints(config, port);
      const [{ host: advertisedHost, port: advertisedPort }] = endpoints;
      describeListeners(properties, config, port, endpoints);
      const raft = await Raft.open({
        platform: { ...platform, log },
        nodeId: config.nodeId,
        directoryId: identity.directoryId,
        clusterId: identity.clusterId,
        directory: `${config.directory}/${metadataTopicName}-0`,
        logDirectory,
        advertised: { host: advertisedHost, port: advertisedPort },
        peers: config.peers,
        client,
        config: settings.raft,
        onClusterId: async (id) => {
          await identity.joinCluster(id);
          if (broker !== undefined) broker.#lifecycle.hurry();
        },
        onFatal: options.onFatal,
      });
      broker = new Broker(options, { log, configs, settings, identity, logDirectory, client, servers, raft, endpoints });
      options.onOpened?.(broker);
      broker.#start(settings);
      opened.resolve(broker);
      return broker;
    } catch (error) {
      opened.reject(error);
      client.close();
      for (const server of servers) await server.close({ graceMs: 0 });
      throw error;
    }
  }

  private constructor(
    options: BrokerOptions,
    parts: {
      log: Logger;
      configs: EffectiveConfigs;
      settings: StartSettings;
      identity: Identity;
      logDirectory: LogDirectory;
      client: BrokerClient;
      servers: readonly KafkaServer[];
      raft: Raft;
      endpoints: readonly Endpoint[];
    },
  ) {
    const { platform, config } = options;
    const { clock, random } = platform;
    const { log, configs, settings, logDirectory, client, raft } = parts;
    this.#platform = platform;
    this.#config = config;
    this.#log = log;
    this.#configs = configs;
    this.#onFatal = options.onFatal;
    this.#logDirectory = logDirectory;
    this.#client = client;
    this.#servers = parts.servers;
    this.#clientAddresses = new ClientAddresses({
      nodeId: config.nodeId,
      image: () => this.#loader.image,
      advertisesDialled: config.advertisesDialled ?? config.advertisedHost === undefined,
      listenerNames: new Map(listenersOf(config).map(({ name }, index) => [parts.servers[index]!.port, name])),
    });
    this.raft = raft;
    this.#loader = new MetadataLoader({
      clock,
      log,
      snapshotEveryBytes: settings.snapshotEveryBytes,
      snapshotEveryMs: settings.snapshotEveryMs,
    });
    this.#controller = new ControllerService({
      nodeId: config.nodeId,
      clock,
      random: random.fork('controller'),
      log,
      configs,
      loader: this.#loader,
      metadataLog: raft,
      expectedBrokers: config.peers.length + 1,
      ...(options.addressNow === undefined ? {} : { settings: { addressNow: options.addressNow } }),
    });
    const channel = new ControllerChannel({ client, clock, finder: { controllerAddress: () => raft.leader.address } });
    this.#incarnationId = random.uuid();
    this.partitions = new ReplicaManager({
      nodeId: config.nodeId,
      directoryId: parts.identity.directoryId,
      logDirectory,
      clock,
      logger: log,
      peers: this.#peers(channel, settings),
      fetcherSettings: settings.fetcher,
      replicaLagTimeMaxMs: settings.replicaLagTimeMaxMs,
      brokerEpoch: () => this.#brokerEpoch,
      logConfigOf: (topic, image) => configs.logConfig(image, topic),
      minInsyncReplicasOf: (topic, partition, image) => configs.minInsyncReplicas(image, topic, partition),
      allowsUncleanLeaders: (topic, image) => configs.topic(image, topic, 'unclean.leader.election.enable') === 'true',
      onBroken: options.onFatal,
      isOfThisLife: (image) => image.brokers.get(config.nodeId)?.incarnationId === this.#incarnationId,
    });
    this.coordinators = new Coordinators(this.partitions);
    this.#groups = new Groups({
      clock,
      logger: log,
      random: random.fork('groups'),
      configs,
      coordinators: this.coordinators,
      image: () => this.#loader.image,
      onBroken: options.onFatal,
    });
    this.#lifecycle = new BrokerLifecycle({
      nodeId: config.nodeId,
      incarnationId: this.#incarnationId,
      directoryId: parts.identity.directoryId,
      clusterId: () => raft.clusterId,
      endpoints: parts.endpoints,
      rack: config.properties?.get('broker.rack') ?? null,
      features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
        name,
        minSupportedVersion: minVersion,
        maxSupportedVersion: maxVersion,
      })),
      previousBrokerEpoch: logDirectory.lastCleanShutdown?.brokerEpoch ?? -1n,
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      channel,
      clock,
      log,
      appliedOffset: () => this.partitions.appliedOffset,
    });
    this.#hangWatch = new HangWatch({
      clock,
      hangMs: settings.sessionTimeoutMs / 2,
      distrustMs: Math.max(settings.sessionTimeoutMs, 2 * settings.raft.fetchTimeoutMs!),
    });
    this.#vanishedBrokers = new VanishedBrokers({
      nodeId: config.nodeId,
      network: platform.network,
      clock,
      log,
      image: () => this.#loader.image,
      addressOf: (brokerId) => addressOf(brokerId, this.#loader.image),
      controller: this.#controller,
    });
    this.#changes = new MetadataChanges({ nodeId: config.nodeId, isController: () => this.#controller.isActive });
    const services = this.#services(configs, settings, channel);
    this.#dispatcher = new Dispatcher({
      handlers: allHandlers(() => this.#dispatcher),
      services,
      log,
      isFormed: () => raft.isFormed,
      forward: (frame, apiName, remote) => forwardToController(channel, frame, apiName, remote),
      onBroken: options.onFatal,
      intercept: options.intercept,
    });
    this.router = new LocalRouter({
      nodeId: config.nodeId,
      clusterId: () => raft.clusterId,
      image: () => this.#loader.image,
      dispatcher: this.#dispatcher,
      client,
      channel,
      isController: () => this.#controller.isActive,
      addressOf: services.addressOf,
      readiness: () => this.readiness(),
      whenReady: (timeoutMs) => this.whenReady(timeoutMs),
      // A controller that hung may tell itself that all is well, until it has heard that another one is elected.
      isInTouch: () => this.#hangWatch.isAwake && raft.leader.leaderId !== -1 && this.#lifecycle.isInTouch,
      hasController: () => this.#hasController,
      health: () => this.health(),
      minInsyncReplicas: (topic, partition) => configs.minInsyncReplicas(this.#loader.image, topic, partition),
      telemetry: telemetryOf({
        services,
        requestTimes: this.#dispatcher.times,
        changes: this.#changes,
        servers: listenersOf(config).map(({ name }, index) => ({ name, server: parts.servers[index]! })),
        state: () => this.#state,
      }),
    });
    this.#http = options.http?.(this.router);
    if (options.onFatal !== undefined) logDirectory.onOffline(options.onFatal);
  }

  get port(): number {
    return this.#servers[0]!.port;
  }

  /** Whether requests succeed, and if not, why, in a sentence for people. */
  readiness(): { ready: boolean; why: string } {
    const { ready, why } = this.#readiness();
    return ready || this.raft.leader.leaderId !== -1 ? { ready, why } : { ready, why: `${why}${this.#whoIsSilent()}` };
  }

  /** What of the cluster is missing, as far as this broker knows. */
  health(): ClusterHealth {
    const { image } = this.#loader;
    const noController = this.raft.isFormed && !this.#hasController ? `${noControllerNow}${this.#whoIsSilent()}` : undefined;
    return clusterHealth(image, (topic, partition) => this.#configs.minInsyncReplicas(image, topic, partition), noController);
  }

  /** The number of this incarnation: known from the metadata, where the answer to its registration is late or was lost; -1 before. */
  get #brokerEpoch(): bigint {
    const { brokerEpoch } = this.#lifecycle;
    const own = this.#loader.image.brokers.get(this.#config.nodeId);
    return own?.incarnationId === this.#incarnationId && own.epoch > brokerEpoch ? own.epoch : brokerEpoch;
  }

  /**
   * Is there a controller, as far as can be told here? A voter that cannot unseat a dead one, as too few are left to elect another, still names it; that
   * nobody answers its heartbeats any more says more.
   */
  get #hasController(): boolean {
    return this.raft.leader.leaderId !== -1 && (this.#lifecycle.isInTouch || !this.#lifecycle.isRunning);
  }

  #whoIsSilent(): string {
    const silent = [...this.raft.silentPeers.keys()];
    return silent.length === 0 ? '' : `; no answer from ${silent.join(', ')}`;
  }

  #readiness(): { ready: boolean; why: string } {
    if (this.#stopping !== undefined) return { ready: false, why: 'this broker is shutting down' };
    if (!this.raft.isFormed) {
      const named = this.#config.peers.length + 1;
      return {
        ready: false,
        why: `the cluster is not formed yet: it needs ${Math.floor(named / 2) + 1} of the ${named} brokers named by --peers to be up`,
      };
    }
    // A broker in service goes on without a controller: it has the metadata, and only changes of it have to wait.
    if (this.#lifecycle.isRunning) return { ready: true, why: 'ready' };
    if (this.raft.leader.leaderId === -1 && this.raft.isRepairing)
      return {
        ready: false,
        why: 'the metadata log of this broker was damaged, so it does not vote; it waits for a controller that the other voters elect, to copy the log from',
      };
    if (this.raft.leader.leaderId === -1) return { ready: false, why: noControllerNow };
    return { ready: false, why: this.#lifecycle.whyNotRunning };
  }

  async whenReady(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#platform;
    const deadline = clock.monotonic() + timeoutMs;
    while (!this.readiness().ready) {
      const left = deadline - clock.monotonic();
      if (left <= 0 || this.#stopping !== undefined) return false;
      await sleep(clock, Math.min(5, left));
    }
    return true;
  }

  /**
   * Does now what is otherwise done every few minutes: retention, cleaning, offsets that expire, transactions that take too long. For a clock whose wall time was
   * moved on.
   */
  async runMaintenance(): Promise<void> {
    await this.#logDirectory.applyRetention();
    if (this.#configs.broker(this.#loader.image, 'log.cleaner.enable') === 'true')
      await this.#logDirectory.clean(cleanerSettings(this.#configs, this.#loader.image));
    this.#groups.runtime.tellAll((coordinator, scope) => coordinator.offsets.expire(scope));
    this.#transactions.check();
  }

  /** Writes recovery points and high watermarks down, so that a copy of the files now tells as much as this broker knows. */
  checkpoint(): Promise<void> {
    return this.#logDirectory.checkpoint();
  }

  /** Leaves the cluster in good order: hands its duties over, answers what it has accepted, closes its files. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #start(settings: StartSettings): void {
    this.#loader.onImage((image, delta) => this.partitions.apply(image, delta));
    // What was before this life was counted by the one before.
    this.#loader.onImage((image, delta) => {
      if (image.brokers.get(this.#config.nodeId)?.incarnationId === this.#incarnationId) this.#changes.note(delta);
    });
    this.#loader.onImage((_image, delta) => {
      for (const { before, after } of delta.brokers) if (after !== undefined && after.epoch !== before?.epoch) this.#forgive(after);
    });
    this.#loader.onImage((image, delta) => this.#groups.apply(image, delta));
    this.partitions.onApplied(() => this.#lifecycle.reportProgress());
    this.#loader.makeSnapshotsWith(this.raft);
    this.raft.addListener(this.#loader);
    this.raft.addListener(this.#controller);
    this.raft.addListener({
      handleCommit() {},
      handleSnapshot() {},
      handleLeaderChange: ({ leaderId }) => {
        this.#lifecycle.hurry();
        if (leaderId === this.#config.nodeId) this.#vanishedBrokers.lookAtAll();
      },
    });
    this.raft.start();
    this.#lifecycle.start();
    this.#readinessWatch = new ReadinessWatch({
      clock: this.#platform.clock,
      log: this.#log,
      readiness: () => this.readiness(),
      silentPeers: () => this.raft.silentPeers,
      trouble: () => this.health().trouble,
    });
    this.#logDirectory.startHousekeeping({
      retentionCheckMs: settings.retentionCheckMs,
      cleaner: () => cleanerSettings(this.#configs, this.#loader.image),
    });
    void this.#lifecycle.whenRunning().then(() => this.partitions.removeDeletedTopics());
  }

  /** A broker that has just registered is up, whatever was found when it was last dialled. */
  #forgive({ endpoints }: BrokerImage): void {
    for (const { host, port } of endpoints) this.#client.forgive({ host, port });
  }

  async #stop(): Promise<void> {
    this.#log.info({}, 'shutting down');
    this.#readinessWatch?.stop();
    this.#hangWatch.stop();
    if (this.raft.leader.leaderId !== -1) await this.#lifecycle.shutDown(shutdownTimeoutMs);
    this.#lifecycle.stop();
    await this.#controller.retire(retireTimeoutMs);
    await this.#http?.close();
    await Promise.all(this.#servers.map((server) => server.close({ graceMs: 1000 })));
    await this.raft.shutdown();
    this.#controller.close();
    this.#groups.close();
    this.#transactions.close();
    await this.partitions.close();
    this.#client.close();
    await this.#logDirectory.close({ brokerEpoch: this.#brokerEpoch });
    this.#log.info({}, 'stopped');
  }

  /** What replication asks others. */
  #peers(channel: ControllerChannel, { fetcher }: StartSettings): ReplicationPeers {
    const timeoutMs = 2000;
    return {
      fetch: (leaderId, request, lane) => {
        const address = addressOf(leaderId, this.#loader.image);
        if (address === undefined) return Promise.reject(new KafkaError('BROKER_NOT_AVAILABLE', `broker ${leaderId} is not known`));
        return this.#client.send(address, fetch, request, { channel: `replica-${lane}`, timeoutMs: fetcher.maxWaitMs + fetchGraceMs });
      },
      alterPartition: (request) =>
        channel.send(alterPartition, request, { timeoutMs, channel: 'isr', refusal: ({ errorCode }) => errorCode }),
      assignReplicasToDirs: (request) =>
        channel.send(assignReplicasToDirs, request, { timeoutMs, channel: 'isr', refusal: ({ errorCode }) => errorCode }),
    };
  }

  #services(configs: EffectiveConfigs, settings: StartSettings, channel: ControllerChannel): Services {
    const broker = this;
    const { clock, random } = this.#platform;
    const producerIds = new ProducerIds(() =>
      askForProducerIds(channel, { brokerId: this.#config.nodeId, brokerEpoch: this.#brokerEpoch }),
    );
    this.#transactions = startTransactions({
      clock,
      log: this.#log,
      image: () => this.#loader.image,
      configs,
      coordinators: this.coordinators,
      producerIds,
      sendMarkers: (brokerId, request) => this.router.send(writeTxnMarkers, request, brokerId, { timeoutMs: coordinatorTimeoutMs }),
      onBroken: (error) => this.#onFatal?.(error),
    });
    const fetchSessions = new FetchSessions({
      random: random.fork('fetch-sessions'),
      now: () => clock.monotonic(),
      slots: settings.fetchSessionSlots,
    });
    return {
      nodeId: this.#config.nodeId,
      get clusterId() {
        return broker.raft.clusterId;
      },
      get image() {
        return broker.#loader.image;
      },
      configs,
      partitions: this.partitions,
      logDirectory: this.#logDirectory,
      controller: this.#controller,
      raft: this.raft,
      coordinators: this.coordinators,
      groups: this.#groups,
      producerIds,
      fetchSessions,
      vanishedBrokers: this.#vanishedBrokers,
      transactionVerifier: new TransactionVerifier({
        clock,
        image: () => this.#loader.image,
        log: this.#log,
        send: (brokerId, request) => this.router.send(addPartitionsToTxn, request, brokerId, { timeoutMs: coordinatorTimeoutMs }),
      }),
      transactions: this.#transactions,
      underWay: new Set(),
      clock,
      random,
      log: this.#log,
      addressOf: (brokerId, local) => this.#clientAddresses.of(brokerId, local),
      freeBytes: () => this.#platform.disk.freeBytes(this.#config.directory),
      get controllerId() {
        return broker.#controllerId();
      },
      sendToController: (api, request) => this.#sendToController(channel, api, request),
    };
  }

  get #state(): Telemetry['state'] {
    if (this.#stopping !== undefined) return 'stopping';
    return this.#lifecycle.isRunning ? 'running' : 'starting';
  }

  #controllerId(): number {
    const { leaderId } = this.raft.leader;
    const leader = this.#loader.image.brokers.get(leaderId);
    return leader === undefined || leader.fenced ? this.#config.nodeId : leaderId;
  }

  async #sendToController<A extends Api>(channel: ControllerChannel, api: A, request: RequestInput<A>): Promise<ResponseOf<A>> {
    if (this.#controller.isActive) return this.router.send(api, request, 'local');
    return channel.send(api, request, { timeoutMs: forwardTimeoutMs });
  }
}

function addressOf(brokerId: number, image: MetadataImage): Address | undefined {
  const endpoint = image.brokers.get(brokerId)?.endpoints[0];
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port };
}
