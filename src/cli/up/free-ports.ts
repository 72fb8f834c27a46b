import { NetworkError, nodePlatform, type Platform } from '#platform';
import { largestPort, loopbackHosts } from '../addresses.ts';
import { CliError } from '../cli-error.ts';
import type { UpFlags } from './up-options.ts';

const triesForPorts = 50;

/** The port of the first broker: 0 stands for free ones, in a row. @throws CliError when there are none */
export async function chosenPort({ port, count, listen }: UpFlags, platform: Platform): Promise<string> {
  return port === '0' ? String(await freeRun(platform, Number(count) || 1, listen ?? loopbackHosts)) : port;
}

/** The first of so many ports in a row that are all free. */
async function freeRun({ network }: Platform, count: number, hosts: readonly string[]): Promise<number> {
  for (let tries = 0; tries < triesForPorts; tries++) {
    const listener = await network.listen({ hosts, port: 0 }, (connection) => connection.destroy());
    const first = listener.port;
    await listener.close();
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.at(-1)! > largestPort) continue;
    const taken = await Promise.all(ports.map((port) => whyTaken(port, hosts)));
    if (taken.every((why) => why === undefined)) return first;
  }
  throw new CliError(`No ${count} ports in a row are free. Name the first one, as in --port=9092.`);
}

/** @returns undefined when nobody listens there */
export async function whyTaken(port: number, hosts: readonly string[]): Promise<string | undefined> {
  try {
    const listener = await nodePlatform().network.listen({ hosts, port }, (connection) => connection.destroy());
    await listener.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return error.code === 'EADDRINUSE' ? 'that port is in use' : error.message;
  }
}
