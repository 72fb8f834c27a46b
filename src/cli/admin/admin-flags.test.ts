import { expect, test } from 'vitest';
import { namesServers, readServers } from './admin-flags.ts';

const localhost = (port: number) => ({ host: 'localhost', port });

test('servers are those of the flag, else those of the variable', () => {
  const environment = { KAFKA_BOOTSTRAP_SERVERS: 'localhost:1' };

  expect(readServers({ bootstrapServer: 'localhost:2, localhost:3,' }, environment)).toEqual([localhost(2), localhost(3)]);
  expect(readServers({ meta: 'localhost:4' }, environment)).toEqual([localhost(4)]);
  expect(readServers({}, environment)).toEqual([localhost(1)]);
  expect([namesServers({}, environment), namesServers({}, { KAFKA_BOOTSTRAP_SERVERS: '' })]).toEqual([true, false]);
});

test("a protocol before the address is passed over, as Kafka's clients do", () => {
  expect(readServers({ bootstrapServer: 'PLAINTEXT://localhost:2,plaintext://[::1]:3' }, {})).toEqual([
    localhost(2),
    { host: '::1', port: 3 },
  ]);
});

test.each([
  [{ bootstrapServer: 'localhost' }, {}, '--bootstrap-server=localhost: this is not an address'],
  [{ bootstrapServer: ',' }, {}, '--bootstrap-server=,: it names no broker'],
  [{}, { KAFKA_BOOTSTRAP_SERVERS: 'kafka' }, 'KAFKA_BOOTSTRAP_SERVERS=kafka: this is not an address'],
  [{}, {}, 'or set KAFKA_BOOTSTRAP_SERVERS'],
])('%o with %o is refused by the name of what is wrong', (flags, environment, error) => {
  expect(() => readServers(flags, environment)).toThrow(error);
});
