import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** What a command finds around it and did not choose. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
}

/** For tests: a machine without a network, and an empty environment. */
export const nowhere: Surroundings = { environment: {}, hostName: 'nowhere', interfaces: {} };

export function surroundings(): Surroundings {
  return { environment: process.env, hostName: hostname(), interfaces: networkInterfaces() };
}
