import { isLoopback, type Logger } from '#platform';

/** Says loudly what a broker is open to when it listens beyond its own machine: nobody is asked who he is yet. */
export function warnOfExposure(hosts: readonly string[], log: Logger): void {
  const open = [...new Set(hosts)].filter((host) => !isLoopback(host));
  if (open.length === 0) return;
  log.warn(
    { hosts: open.join(',') },
    'listening beyond this machine: WHOEVER REACHES THE PORT MAY READ, WRITE AND DELETE EVERYTHING, as there is no authentication yet. Let only networks in that you trust',
  );
}
