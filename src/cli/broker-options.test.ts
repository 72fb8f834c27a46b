import { expect, test } from 'vitest';
import { memoryDisk } from '#platform';
import { type BrokerFlags, readBrokerFlags } from './broker-options.ts';

const read = (flags: Partial<BrokerFlags>) => readBrokerFlags({ id: '1', port: '8080', logLevel: 'info', ...flags }, memoryDisk());

test('a broker listens on loopback and keeps its data in a folder of its own, unless told otherwise', () => {
  expect(read({})).toMatchObject({
    id: 1,
    port: 8080,
    peers: [],
    hosts: ['127.0.0.1', '::1'],
    advertisedHost: 'localhost',
    directory: './kafka-lite-data/1',
    isSupervised: false,
  });
});

test.each([
  { listen: ['0.0.0.0'], advertisedHost: 'localhost' },
  { listen: ['127.0.0.1'], advertisedHost: 'localhost' },
  { listen: ['10.0.0.7'], advertisedHost: '10.0.0.7' },
  { listen: ['127.0.0.1', '10.0.0.7'], advertisedHost: '10.0.0.7' },
  { listen: ['[fe80::1]'], advertisedHost: 'fe80::1' },
])('listening on $listen it is advertised as $advertisedHost', ({ listen, advertisedHost }) => {
  expect(read({ listen }).advertisedHost).toBe(advertisedHost);
});

test('--advertise decides what others dial', () => {
  expect(read({ listen: ['0.0.0.0'], advertise: 'kafka.example.org' }).advertisedHost).toBe('kafka.example.org');
});

test('its own advertised address in --peers is left out', () => {
  expect(read({ advertise: 'kafka-1', peers: 'kafka-1:8080,kafka-2:8080' }).peers).toEqual([{ host: 'kafka-2', port: 8080 }]);
});

test.each([
  { flags: { config: ['log.flush.mode=os'] }, notes: [expect.stringContaining('a power cut may lose records')] },
  { flags: { config: ['log.flush.mode=os'], supervised: true }, notes: [] },
  { flags: { config: ['log.flush.mode=fsync'] }, notes: [] },
])('with $flags it notes $notes', ({ flags, notes }) => {
  expect(read(flags).notes).toEqual(notes);
});

test('in memory it has no directory', () => {
  expect(read({ memory: true }).directory).toBeUndefined();
});

test.each([
  { flags: { id: undefined }, error: '--id is missing' },
  { flags: { id: '-1' }, error: '--id=-1: a broker id is a whole number from 0 to 2147483647' },
  { flags: { id: '2147483648' }, error: '--id=2147483648' },
  { flags: { id: '1.5' }, error: '--id=1.5' },
  { flags: { id: '' }, error: '--id=' },
  { flags: { port: undefined }, error: '--port is missing' },
  { flags: { port: '65536' }, error: '--port=65536: a port is a number from 0 to 65535' },
  { flags: { port: 'http' }, error: '--port=http' },
  { flags: { peers: 'localhost' }, error: '--peers=localhost: this is not an address' },
  { flags: { listen: ['localhost:80'] }, error: '--listen=localhost:80: this is not a host' },
  { flags: { logLevel: 'loud' }, error: '--log-level=loud: there is no such level' },
  { flags: { memory: true, data: '/x' }, error: '--memory keeps nothing' },
])('$flags is refused with a usage error', ({ flags, error }) => {
  expect(() => read(flags as Partial<BrokerFlags>)).toThrow(error);
});
