import { describe, expect, test } from 'vitest';
import type { MetadataImage } from '#metadata';
import { ClientAddresses } from './client-addresses.ts';

type Endpoint = { name: string; host: string; port: number };

/** Broker 1 asked about all brokers of a cluster. */
function told(
  brokers: Record<number, Endpoint | Endpoint[]>,
  local: string | undefined,
  options: { chosen?: boolean; port?: number; listenerNames?: Map<number, string> } = {},
) {
  const known = new Map(Object.entries(brokers).map(([id, endpoints]) => [Number(id), { endpoints: [endpoints].flat() }]));
  const image = { brokers: { get: (id: number) => known.get(id) } } as unknown as MetadataImage;
  const addresses = new ClientAddresses({
    nodeId: 1,
    image: () => image,
    advertisesDialled: options.chosen !== true,
    listenerNames: options.listenerNames ?? new Map([[8080, 'PLAINTEXT']]),
  });
  const dialled = local === undefined ? undefined : { host: local, port: options.port ?? 8080 };
  return [...known.keys()].map((id) => {
    const address = addresses.of(id, dialled);
    return address && `${address.host} ${address.port}`;
  });
}

const at = (host: string, port = 8080): Endpoint => ({ name: 'PLAINTEXT', host, port });
const onOneMachine = { 1: at('localhost', 8080), 2: at('localhost', 8081), 3: at('localhost', 8082) };

describe('brokers of one machine that were told nothing', () => {
  test('are localhost to those who dial loopback', () => {
    for (const local of ['127.0.0.1', '::1'])
      expect(told(onOneMachine, local)).toEqual(['localhost 8080', 'localhost 8081', 'localhost 8082']);
  });

  test('are at the address that was dialled, each at its own port', () => {
    expect(told(onOneMachine, '192.168.1.5')).toEqual(['192.168.1.5 8080', '192.168.1.5 8081', '192.168.1.5 8082']);
    expect(told(onOneMachine, '2001:db8::5')).toEqual(['2001:db8::5 8080', '2001:db8::5 8081', '2001:db8::5 8082']);
  });

  test('tell each other what they registered', () => {
    expect(told(onOneMachine, undefined)).toEqual(['localhost 8080', 'localhost 8081', 'localhost 8082']);
  });

  test('do not hand on an address that means nothing elsewhere', () => {
    for (const local of ['fe80::1%eth0', '']) expect(told(onOneMachine, local)[1]).toBe('localhost 8081');
  });
});

describe('brokers of several machines that were told nothing', () => {
  const spread = { 1: at('172.18.0.2'), 2: at('172.18.0.3'), 3: at('172.18.0.2', 8081) };

  test('are each at the address that they found for themselves', () => {
    expect(told(spread, '172.18.0.2')).toEqual(['172.18.0.2 8080', '172.18.0.3 8080', '172.18.0.2 8081']);
  });

  test('of them those of the machine that was dialled are at the address that was dialled', () => {
    expect(told(spread, '10.0.0.7')).toEqual(['10.0.0.7 8080', '172.18.0.3 8080', '10.0.0.7 8081']);
    expect(told(spread, '127.0.0.1')).toEqual(['127.0.0.1 8080', '172.18.0.3 8080', '127.0.0.1 8081']);
  });
});

test('a broker that is known by a loopback name only is on this machine too', () => {
  expect(told({ 1: at('10.0.0.5'), 2: at('localhost', 8081) }, '10.0.0.5')).toEqual(['10.0.0.5 8080', '10.0.0.5 8081']);
});

test('what was chosen is told whatever was dialled, localhost too: a container whose port is mapped may have nothing better', () => {
  expect(told({ 1: at('localhost', 9092) }, '172.17.0.2', { chosen: true })).toEqual(['localhost 9092']);
  expect(told({ 1: at('kafka-1'), 2: at('kafka-2') }, '172.17.0.2', { chosen: true })).toEqual(['kafka-1 8080', 'kafka-2 8080']);
});

test('who came in by another listener is told the addresses of that one, and the first where a broker has none', () => {
  const brokers = {
    1: [at('broker-1', 19092), { name: 'OUTSIDE', host: 'localhost', port: 29092 }],
    2: [at('broker-2', 19092), { name: 'OUTSIDE', host: 'localhost', port: 39092 }],
    3: at('broker-3', 19092),
  };
  const listenerNames = new Map([
    [19092, 'PLAINTEXT'],
    [9092, 'OUTSIDE'],
  ]);

  expect(told(brokers, '172.17.0.2', { chosen: true, port: 9092, listenerNames })).toEqual([
    'localhost 29092',
    'localhost 39092',
    'broker-3 19092',
  ]);
  expect(told(brokers, '172.17.0.2', { chosen: true, port: 19092, listenerNames })).toEqual([
    'broker-1 19092',
    'broker-2 19092',
    'broker-3 19092',
  ]);
});

test('a broker that nobody has registered is nowhere', () => {
  const nobody = { brokers: { get: () => undefined } } as unknown as MetadataImage;
  const addresses = new ClientAddresses({ nodeId: 1, image: () => nobody, advertisesDialled: true, listenerNames: new Map() });

  expect(addresses.of(7, { host: '127.0.0.1', port: 1 })).toBeUndefined();
});
