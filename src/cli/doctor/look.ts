import { type Cluster, nameOf } from '#client';
import { type Address, NetworkError, sleep } from '#platform';
import { KafkaError, type RequestInput } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { describeConfigs } from '#protocol/apis/describe-configs.ts';
import { describeQuorum } from '#protocol/apis/describe-quorum.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { formatAddress } from '../addresses.ts';
import { metadataTopic } from '../admin/quorum-describe.ts';
import { BrokerHttp, NoAnswer } from '../clients/broker-http.ts';
import { programVersion } from '../version.ts';
import { type SeenClock, skewOf } from './clock-findings.ts';
import type { Seen } from './cluster-findings.ts';
import type { SeenVoter } from './quorum-findings.ts';

const reachWithinMs = 3_000;
/** Who does not speak HTTP may say nothing at all. */
const clockWithinMs = 1_000;
/** All voters find a new leader within this. */
const newLeaderMs = 1_500;
const topicsPerRequest = 500;
const minInsyncReplicas = 'min.insync.replicas';

interface Known extends Address {
  readonly id: number;
}

/** Asks a cluster all that `doctor` has something to say about. */
export async function look(cluster: Cluster): Promise<Seen> {
  const { brokers, topics, controllerId } = await cluster.send('anyone', metadata, { topics: null, allowAutoTopicCreation: false });
  const registered = await registeredBrokers(cluster);
  const known = [...brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port })), ...registered].sort((a, b) => a.id - b.id);
  const distinct = [...new Map(known.map((broker) => [broker.id, broker])).values()];
  const reached = await Promise.all(distinct.map((broker) => reach(cluster, broker)));
  const there = distinct.filter((_, index) => reached[index]!.reached);
  const minimum = await minIsrOf(
    cluster,
    topics.map(({ name }) => name ?? ''),
  );
  const partitions = topics.flatMap(({ name, partitions: those }) =>
    those.map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
      name: nameOf({ topic: name ?? '', partition: partitionIndex }),
      leader: leaderId,
      replicas: replicaNodes.length,
      isr: isrNodes.length,
      minIsr: minimum.get(name ?? ''),
    })),
  );
  return {
    brokers: reached,
    controller: controllerId,
    voters: await votersOf(cluster),
    clocks: await clocksOf(cluster, there),
    partitions,
  };
}

async function reach(cluster: Cluster, { id, host, port }: Known): Promise<Seen['brokers'][number]> {
  const address = formatAddress({ host, port });
  const software = { clientSoftwareName: 'kafka-lite-cluster', clientSoftwareVersion: programVersion() };
  try {
    await cluster.send(id, apiVersions, software, { timeoutMs: reachWithinMs, channel: 'doctor' });
    return { id, address, reached: true };
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof KafkaError)) throw error;
    return { id, address, reached: false, why: error.message };
  }
}

/** Those that are fenced are in no metadata; a cluster of before KIP-1073 does not tell of them. */
async function registeredBrokers(cluster: Cluster): Promise<Known[]> {
  const request = { includeClusterAuthorizedOperations: false, includeFencedBrokers: true };
  const answer = await ifTold(() => cluster.send('anyone', describeCluster, request));
  return (answer?.brokers ?? []).map(({ brokerId, host, port }) => ({ id: brokerId, host, port }));
}

/** undefined where there is no quorum, or none that has a leader. */
async function votersOf(cluster: Cluster): Promise<SeenVoter[] | undefined> {
  const voters = await askForVoters(cluster);
  // A new leader has heard of nobody yet.
  if (!voters?.some(({ silentMs }) => silentMs === Number.POSITIVE_INFINITY)) return voters;
  await sleep(cluster.clock, newLeaderMs);
  return askForVoters(cluster);
}

async function askForVoters(cluster: Cluster): Promise<SeenVoter[] | undefined> {
  const request = { topics: [{ topicName: metadataTopic, partitions: [{ partitionIndex: 0 }] }] };
  const quorum = (await ifTold(() => cluster.send('anyone', describeQuorum, request)))?.topics[0]?.partitions[0];
  const leader = quorum?.currentVoters.find(({ replicaId }) => replicaId === quorum.leaderId);
  if (quorum === undefined || quorum.errorCode !== 'NONE' || leader === undefined) return undefined;
  // The leader has always just asked itself.
  const since = (timestamp: bigint, now: bigint) => {
    if (now < 0n) return undefined;
    return timestamp < 0n ? Number.POSITIVE_INFINITY : Number(now - timestamp);
  };
  return quorum.currentVoters.map(({ replicaId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp }) => ({
    id: replicaId,
    lag: Number(leader.logEndOffset - (logEndOffset < 0n ? 0n : logEndOffset)),
    silentMs: since(lastFetchTimestamp, leader.lastFetchTimestamp),
    behindMs: since(lastCaughtUpTimestamp, leader.lastCaughtUpTimestamp),
  }));
}

async function minIsrOf(cluster: Cluster, topics: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let at = 0; at < topics.length; at += topicsPerRequest) {
    const asked = topics.slice(at, at + topicsPerRequest);
    const request: RequestInput<typeof describeConfigs> = {
      resources: asked.map((resourceName) => ({ resourceType: 2, resourceName, configurationKeys: [minInsyncReplicas] })),
    };
    for (const { resourceName, configs } of (await ifTold(() => cluster.send('anyone', describeConfigs, request)))?.results ?? []) {
      const value = configs.find(({ name }) => name === minInsyncReplicas)?.value;
      if (value !== undefined && value !== null) found.set(resourceName, Number(value));
    }
  }
  return found;
}

/** The clocks of those brokers that speak HTTP. */
async function clocksOf({ clock }: Cluster, brokers: readonly Known[]): Promise<SeenClock[]> {
  const http = new BrokerHttp({ timeoutMs: clockWithinMs });
  try {
    const seen = await Promise.all(
      brokers.map(async ({ id, ...address }) => {
        const sentAt = clock.now();
        const answer = await http.get(address, '/healthz').catch((error: unknown) => {
          if (error instanceof NoAnswer) return undefined;
          throw error;
        });
        return { id, skewMs: skewOf(answer?.date, sentAt, clock.now()) };
      }),
    );
    return seen.flatMap(({ id, skewMs }) => (skewMs === undefined ? [] : [{ id, skewMs }]));
  } finally {
    http.close();
  }
}

/** What some clusters do not know, or cannot say at the moment. */
async function ifTold<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof KafkaError) return undefined;
    throw error;
  }
}
