import { type Address, type Platform, silentLogger } from '#platform';
import { apiByKey, decodeRequest, decodeRequestHeader, encodeResponse } from '#protocol';
import { LogDirectory, readMetaProperties, writeMetaProperties } from '#storage';
import { BrokerClient, KafkaServer } from '#transport';
import { metadataLogConfig, metadataTopicName, Raft, type RaftListener } from '../index.ts';

export interface RaftBrokerOptions {
  readonly platform: Platform;
  readonly nodeId: number;
  readonly address: Address;
  readonly hosts: readonly string[];
  readonly peers: readonly Address[];
  readonly directory: string;
  readonly listeners?: readonly RaftListener[];
}

/** A broker that is nothing but its part in the metadata quorum, over real transport and storage; for tests. */
export class RaftBroker {
  readonly raft: Raft;
  readonly logDirectory: LogDirectory;
  /** All that was committed and handed over here, as text; a snapshot starts it anew. */
  readonly committed: string[] = [];
  readonly leaders: { leaderId: number; leaderEpoch: number }[] = [];
  fatal: Error | undefined;
  readonly #server: KafkaServer;
  readonly #client: BrokerClient;

  static async start(options: RaftBrokerOptions): Promise<RaftBroker> {
    const { platform, directory, nodeId } = options;
    const { clock, network } = platform;
    const logDirectory = await LogDirectory.open({
      platform,
      path: directory,
      configFor: (topic) => (topic === metadataTopicName ? metadataLogConfig : undefined),
    });
    let properties = readMetaProperties(platform.disk, directory);
    if (properties?.directoryId === undefined) {
      properties = { clusterId: undefined, nodeId, directoryId: platform.random.uuid() };
      await writeMetaProperties(platform.disk, directory, properties);
    }
    const client = new BrokerClient({ network, clock, log: silentLogger, clientId: `broker-${nodeId}` });
    let broker: RaftBroker | undefined;
    const server = await KafkaServer.listen({
      network,
      clock,
      log: silentLogger,
      hosts: options.hosts,
      port: options.address.port,
      onRequest: (frame) => broker?.answer(frame) ?? 'close',
    });
    const { directoryId } = properties;
    const raft = await Raft.open({
      platform,
      nodeId,
      directoryId: directoryId!,
      clusterId: properties.clusterId,
      directory: `${directory}/${metadataTopicName}-0`,
      logDirectory,
      advertised: { host: options.address.host, port: server.port },
      peers: options.peers,
      client,
      onClusterId: (clusterId) => writeMetaProperties(platform.disk, directory, { clusterId, nodeId, directoryId }),
      onFatal: (error) => {
        if (broker !== undefined) broker.fatal = error;
      },
    });
    broker = new RaftBroker(raft, logDirectory, server, client);
    raft.addListener({
      handleCommit: ({ records }) => broker!.committed.push(...records.map(({ value }) => String(value))),
      handleSnapshot: ({ records }) => broker!.committed.splice(0, broker!.committed.length, ...records.map(String)),
      handleLeaderChange: (leader) => broker!.leaders.push(leader),
    });
    for (const listener of options.listeners ?? []) raft.addListener(listener);
    raft.start();
    return broker;
  }

  private constructor(raft: Raft, logDirectory: LogDirectory, server: KafkaServer, client: BrokerClient) {
    this.raft = raft;
    this.logDirectory = logDirectory;
    this.#server = server;
    this.#client = client;
  }

  /** Does this node lead, and has it been told to its listeners? */
  get leads(): boolean {
    const last = this.leaders.at(-1);
    return last?.leaderId === this.raft.nodeId && this.raft.leader.leaderId === this.raft.nodeId;
  }

  /** Appends one record as the leader. */
  append(...values: string[]): bigint {
    return this.raft.append(
      this.raft.leader.leaderEpoch,
      values.map((value) => Buffer.from(value)),
    );
  }

  async stop(): Promise<void> {
    await this.raft.shutdown();
    await this.#server.close({ graceMs: 100 });
    this.#client.close();
    await this.logDirectory.close({});
  }

  async answer(frame: Buffer): Promise<readonly Buffer[] | 'close'> {
    const { apiKey, apiVersion, bodyOffset, correlationId } = decodeRequestHeader(frame);
    const api = apiByKey(apiKey);
    if (api === undefined) return 'close';
    const request = decodeRequest(api, apiVersion, frame, bodyOffset) as never;
    const response = await this.#handle(api.name, request);
    return response === undefined ? 'close' : encodeResponse(api, apiVersion, correlationId, response as never);
  }

  async #handle(name: string, request: never): Promise<unknown> {
    const { raft } = this;
    switch (name) {
      case 'ApiVersions':
        return { errorCode: 'NONE', throttleTimeMs: 0, apiKeys: servedVersions };
      case 'DescribeCluster':
        return { throttleTimeMs: 0, errorCode: 'NONE', clusterId: raft.clusterId ?? '', brokers: [] };
      case 'DescribeQuorum':
        return raft.describeQuorum(request);
      case 'Vote':
        return raft.vote(request);
      case 'BeginQuorumEpoch':
        return raft.beginQuorumEpoch(request);
      case 'EndQuorumEpoch':
        return raft.endQuorumEpoch(request);
      case 'Fetch':
        return raft.fetch(request);
      case 'FetchSnapshot':
        return raft.fetchSnapshot(request);
      case 'UpdateRaftVoter':
        return raft.updateRaftVoter(request);
      case 'AddRaftVoter':
        return raft.addRaftVoter(request);
      case 'RemoveRaftVoter':
        return raft.removeRaftVoter(request);
      default:
        return undefined;
    }
  }
}

const servedVersions = [1, 18, 52, 53, 54, 55, 59, 60, 80, 81, 82].map((apiKey) => {
  const { versions } = apiByKey(apiKey)!;
  return { apiKey, minVersion: versions.min, maxVersion: versions.max };
});
