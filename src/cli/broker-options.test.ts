import { expect, test } from 'vitest';
import { checkBrokerProperties } from '#metadata';
import { memoryDisk } from '#platform';
import { type BrokerFlags, readBrokerFlags } from './broker-options.ts';
import { emptyEnvironment } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

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

test('--advertise decides what others dial, clients too', () => {
  expect(read({ listen: ['0.0.0.0'], advertise: 'kafka.example.org:9' })).toMatchObject({
    advertisedHost: 'kafka.example.org',
    advertisedPort: 9,
    advertisesDialled: false,
  });
  expect(read({ listen: ['0.0.0.0'] }).advertisesDialled).toBe(true);
});

const elsewhere: Surroundings = {
  environment: {},
  hostName: 'box',
  interfaces: { eth0: [{ address: '172.18.0.2', netmask: '255.255.0.0', family: 'IPv4', internal: false, mac: '', cidr: null }] },
};

test('listening everywhere with peers elsewhere it is found at an address of this machine', () => {
  const flags = { id: '1', port: '8080', logLevel: 'info', listen: ['0.0.0.0'] };

  expect(readBrokerFlags({ ...flags, peers: 'kafka-2:8080' }, memoryDisk(), emptyEnvironment, elsewhere)).toMatchObject({
    advertisedHost: '172.18.0.2',
    advertisesDialled: true,
    notes: [],
  });
  expect(readBrokerFlags({ ...flags, peers: 'localhost:8081' }, memoryDisk(), emptyEnvironment, elsewhere).advertisedHost).toBe(
    'localhost',
  );
});

test('one list of peers does for all brokers that listen everywhere: each knows its own address and name in it', () => {
  const flags = { id: '1', port: '8080', logLevel: 'info', listen: ['0.0.0.0'], peers: '172.18.0.2:8080,box:8080,172.18.0.3:8080' };

  expect(readBrokerFlags(flags, memoryDisk(), emptyEnvironment, elsewhere).peers).toEqual([{ host: '172.18.0.3', port: 8080 }]);
});

const containers = {
  settings: new Map([
    ['node.id', '2'],
    ['listeners', 'PLAINTEXT://:9092,CONTROLLER://:9093'],
    ['controller.listener.names', 'CONTROLLER'],
    ['controller.quorum.voters', '1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093'],
    ['log.dirs', '/data'],
  ]),
  variables: new Map(),
  notes: ['heard'],
};

test('Kafka settings alone say which broker it is', () => {
  expect(readBrokerFlags({ logLevel: 'info' }, memoryDisk(), containers, elsewhere)).toMatchObject({
    id: 2,
    port: 9092,
    hosts: ['0.0.0.0', '::'],
    peers: [
      { host: 'kafka-1', port: 9093 },
      { host: 'kafka-3', port: 9093 },
    ],
    directory: '/data',
    moreListeners: [{ name: 'CONTROLLER', port: 9093, advertised: undefined }],
    notes: ['heard'],
  });
});

test("Kafka's own server.properties says all that is needed, and nothing in it is unknown", () => {
  const disk = memoryDisk();
  const file = disk.open('/server.properties', 'create');
  file.write([Buffer.from(kafkasProperties)], 0);
  file.close();

  const settings = readBrokerFlags({ properties: '/server.properties', logLevel: 'info' }, disk, emptyEnvironment, elsewhere);

  expect(settings).toMatchObject({
    id: 1,
    port: 9092,
    peers: [],
    advertisedHost: 'localhost',
    moreListeners: [{ name: 'CONTROLLER', port: 9093, advertised: undefined }],
    directory: '/tmp/kraft-combined-logs',
    notes: [],
  });
  expect(checkBrokerProperties(settings.properties)).toEqual([]);
});

/** Of Apache Kafka 4, without its comments. */
const kafkasProperties = `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`;

test('under `up` they do not, as it has decided', () => {
  const flags = { id: '1', port: '8080', peers: 'localhost:8081', data: './data/1', logLevel: 'info', supervised: true };

  expect(readBrokerFlags(flags, memoryDisk(), containers, elsewhere)).toMatchObject({
    id: 1,
    port: 8080,
    hosts: ['127.0.0.1', '::1'],
    peers: [{ host: 'localhost', port: 8081 }],
    directory: './data/1',
    moreListeners: [],
    notes: [],
  });
});

test('a broker keeps its data in one directory', () => {
  const two = { settings: new Map([['log.dirs', '/a,/b']]), variables: new Map(), notes: [] };

  expect(() => readBrokerFlags({ id: '1', port: '1', logLevel: 'info' }, memoryDisk(), two)).toThrow(
    'log.dirs=/a,/b: a broker keeps all its data',
  );
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
