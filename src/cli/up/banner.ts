import { formatAddress } from '../addresses.ts';
import type { Plan } from './up-options.ts';

/** What `up` prints when all brokers are ready. */
export function banner({ brokers, dataDirectory, isDurable, advertisedHost }: Plan): string {
  const addresses = brokers.map(({ port }) => `localhost:${port}`);
  const url = `http://${addresses[0]}`;
  const durability =
    dataDirectory === undefined
      ? ['Data               IN MEMORY ONLY: NOTHING IS KEPT when this ends (leave --memory out to keep it)']
      : [
          `Data               ${dataDirectory}`,
          isDurable
            ? 'Durability         on disk: what was acknowledged survives a crash (fdatasync before every acknowledgement)'
            : 'Durability         log.flush.mode=os: survives a killed process; a power cut may lose what was acknowledged',
        ];
  const lines = [
    `${brokers.length === 1 ? '1 broker is' : `${brokers.length} brokers are`} ready.`,
    '',
    `Bootstrap servers  ${addresses.join(',')}`,
    ...(advertisedHost === undefined
      ? []
      : [`Advertised         ${brokers.map(({ port }) => formatAddress({ host: advertisedHost, port })).join(',')}`]),
    `HTTP               ${url}`,
    ...durability,
    '',
    `Create a topic     curl -d '{"topic":"test","partitions":3}' ${url}/create-topic`,
    `Send a message     curl -d '{"topic":"test","partition":1,"message":"Hello"}' ${url}/produce`,
    `Read it back       curl '${url}/consume?topic=test&partition=1&offset=0'`,
    'Stop               Ctrl-C',
  ];
  return `\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n\n`;
}

/** The same as one line of JSON. */
export function readyLine({ brokers, dataDirectory, isDurable, advertisedHost }: Plan): string {
  return `${JSON.stringify({
    ready: true,
    bootstrapServers: brokers.map(({ port }) => `localhost:${port}`).join(','),
    http: `http://localhost:${brokers[0]!.port}`,
    brokers: brokers.map(({ id, port }) => ({ id, address: `localhost:${port}` })),
    dataDirectory: dataDirectory ?? null,
    durable: isDurable,
    ...(advertisedHost === undefined ? {} : { advertisedHost }),
  })}\n`;
}
