import { styleText } from 'node:util';
import { type Cluster, nameOf } from '#client';
import { NetworkError, nodePlatform } from '#platform';
import { KafkaError } from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { formatAddress, loopbackHosts, parsePort } from '../addresses.ts';
import type { AdminFlags } from '../admin/admin-flags.ts';
import { withCluster } from '../admin/with-cluster.ts';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { whyTaken } from '../up/up-command.ts';
import { programVersion } from '../version.ts';
import { clusterFindings, diskFinding, type Finding, nodeFinding, portFinding, type Seen } from './findings.ts';

const reachWithinMs = 3_000;

export interface DoctorFlags extends AdminFlags {
  data?: string;
  port: string;
}

/** `doctor`: looks at this machine and, when one is named, at a cluster, and says what is not as it should be. Ends with 1 when something is. */
export async function runDoctor(flags: DoctorFlags): Promise<ExitCode> {
  const { disk } = nodePlatform();
  const port = parsePort('--port', flags.port);
  const findings: Finding[] = [{ what: 'kafka-lite-cluster', level: 'ok', seen: programVersion() }, nodeFinding(process.version)];
  findings.push(diskFinding(flags.data ?? '.', disk.freeBytes(flags.data ?? '.')));
  if (flags.meta === undefined && flags.bootstrapServer === undefined)
    findings.push(portFinding(port, await whyTaken(port, loopbackHosts)));
  else findings.push(...(await clusterOf(flags)));
  process.stdout.write(flags.json ? `${JSON.stringify({ healthy: !hasFailed(findings), findings })}\n` : asText(findings));
  return hasFailed(findings) ? exitCodes.failed : exitCodes.ok;
}

/** A cluster that does not answer is a finding, too. */
async function clusterOf(flags: DoctorFlags): Promise<Finding[]> {
  try {
    return await withCluster(flags, async (cluster) => clusterFindings(await look(cluster)));
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === exitCodes.usage) throw error;
    return [{ what: 'Cluster', level: 'fail', seen: error.message, advice: 'Start its brokers, or name others.' }];
  }
}

async function look(cluster: Cluster): Promise<Seen> {
  const { brokers, topics, controllerId } = await cluster.send('anyone', metadata, { topics: null, allowAutoTopicCreation: false });
  const registered = await registeredBrokers(cluster);
  const known = [...brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port })), ...registered].sort((a, b) => a.id - b.id);
  const distinct = [...new Map(known.map((broker) => [broker.id, broker])).values()];
  const reached = await Promise.all(
    distinct.map(async ({ id, host, port }) => {
      const address = formatAddress({ host, port });
      try {
        await cluster.send(
          id,
          apiVersions,
          { clientSoftwareName: 'kafka-lite-cluster', clientSoftwareVersion: programVersion() },
          { timeoutMs: reachWithinMs, channel: 'doctor' },
        );
        return { id, address, reached: true };
      } catch (error) {
        if (!(error instanceof NetworkError || error instanceof KafkaError)) throw error;
        return { id, address, reached: false, why: error.message };
      }
    }),
  );
  const partitions = topics.flatMap(({ name, partitions: those }) =>
    those.map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
      name: nameOf({ topic: name ?? '', partition: partitionIndex }),
      leader: leaderId,
      replicas: replicaNodes.length,
      isr: isrNodes.length,
    })),
  );
  return { brokers: reached, controller: controllerId, partitions };
}

/** Those that are fenced are in no metadata; a cluster of before KIP-1073 does not tell of them. */
async function registeredBrokers(cluster: Cluster): Promise<{ id: number; host: string; port: number }[]> {
  try {
    const { brokers } = await cluster.send('anyone', describeCluster, {
      includeClusterAuthorizedOperations: false,
      includeFencedBrokers: true,
    });
    return brokers.map(({ brokerId, host, port }) => ({ id: brokerId, host, port }));
  } catch (error) {
    if (error instanceof KafkaError) return [];
    throw error;
  }
}

function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'fail');
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

function asText(findings: readonly Finding[]): string {
  return findings
    .map(({ what, level, seen, advice }) => {
      const mark = styleText(colours[level], level.padEnd(4), { stream: process.stdout });
      return `${mark}  ${what}: ${seen}\n${advice === undefined ? '' : `      ${advice}\n`}`;
    })
    .join('');
}
