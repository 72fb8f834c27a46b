import { dirname } from 'node:path';
import { styleText } from 'node:util';
import { type Disk, nodePlatform } from '#platform';
import { loopbackHosts, parsePort } from '../addresses.ts';
import { type AdminFlags, namesServers } from '../admin/admin-flags.ts';
import { withCluster } from '../admin/with-cluster.ts';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { whyTaken } from '../up/free-ports.ts';
import { programVersion } from '../version.ts';
import { clusterFindings } from './cluster-findings.ts';
import type { Finding } from './finding.ts';
import { look } from './look.ts';
import { diskFinding, nodeFinding, portFinding } from './machine-findings.ts';

export interface DoctorFlags extends AdminFlags {
  data?: string;
  port: string;
}

/** `doctor`: looks at this machine and, when one is named, at a cluster, and says what is not as it should be. Ends with 1 when something is. */
export async function runDoctor(flags: DoctorFlags): Promise<ExitCode> {
  const { disk } = nodePlatform();
  const port = parsePort('--port', flags.port);
  const findings: Finding[] = [{ what: 'kafka-lite-cluster', level: 'ok', seen: programVersion() }, nodeFinding(process.version)];
  const directory = flags.data ?? '.';
  findings.push(diskFinding(directory, disk.freeBytes(thereOf(disk, directory))));
  if (namesServers(flags)) findings.push(...(await clusterOf(flags)));
  else findings.push(portFinding(port, await whyTaken(port, loopbackHosts)));
  process.stdout.write(flags.json ? `${JSON.stringify({ healthy: !hasFailed(findings), findings })}\n` : asText(findings));
  return hasFailed(findings) ? exitCodes.failed : exitCodes.ok;
}

/** The directory, or as long as it is not there the nearest one above it. */
function thereOf(disk: Disk, directory: string): string {
  const above = dirname(directory);
  return above === directory || disk.stat(directory) !== undefined ? directory : thereOf(disk, above);
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
