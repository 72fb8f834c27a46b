import { describe, expect, test } from 'vitest';
import { readListeners } from './listeners.ts';

const read = (settings: Record<string, string>, flags: Parameters<typeof readListeners>[0] = {}) =>
  readListeners(flags, new Map(Object.entries(settings)));

test('listeners and advertised.listeners say where a broker is, as they do for Kafka', () => {
  expect(read({ listeners: 'PLAINTEXT://:9092', 'advertised.listeners': 'PLAINTEXT://kafka-1:9092' })).toEqual({
    name: 'PLAINTEXT',
    hosts: ['0.0.0.0', '::'],
    port: 9092,
    advertised: { host: 'kafka-1', port: 9092 },
    more: [],
  });
  expect(read({ listeners: 'PLAINTEXT://10.0.0.1:9092,PLAINTEXT://[2001:db8::1]:9092' }).hosts).toEqual(['10.0.0.1', '2001:db8::1']);
});

test('what nobody chose is not there', () => {
  expect(read({}, { port: '8080' })).toMatchObject({ hosts: ['127.0.0.1', '::1'], port: 8080, advertised: undefined, more: [] });
  expect(read({ listeners: 'PLAINTEXT://:9092' }).advertised).toBeUndefined();
});

test('the three listeners of the examples of the Apache image', () => {
  const { name, port, advertised, more } = read({
    listeners: 'PLAINTEXT://:19092,CONTROLLER://:9093,PLAINTEXT_HOST://:9092',
    'advertised.listeners': 'PLAINTEXT_HOST://localhost:29092,PLAINTEXT://broker-1:19092',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
  });

  expect({ name, port, advertised }).toEqual({ name: 'PLAINTEXT', port: 19092, advertised: { host: 'broker-1', port: 19092 } });
  expect(more.map((listener) => [listener.name, listener.port, listener.advertised])).toEqual([
    ['CONTROLLER', 9093, undefined],
    ['PLAINTEXT_HOST', 9092, { host: 'localhost', port: 29092 }],
  ]);
});

test('the listener of controllers is not the one for clients, also where it stands first', () => {
  expect(read({ listeners: 'CONTROLLER://:9093,PLAINTEXT://:9092', 'controller.listener.names': 'CONTROLLER' })).toMatchObject({
    port: 9092,
    more: [{ name: 'CONTROLLER', port: 9093, advertised: undefined }],
  });
});

describe('flags win', () => {
  const settings = { listeners: 'PLAINTEXT://:9092', 'advertised.listeners': 'PLAINTEXT://kafka-1:9092' };

  test.each([
    { flags: { port: '8080' }, found: { port: 8080, hosts: ['0.0.0.0', '::'] } },
    { flags: { listen: ['10.0.0.7'] }, found: { port: 9092, hosts: ['10.0.0.7'] } },
    { flags: { advertise: 'example.org' }, found: { advertised: { host: 'example.org', port: undefined } } },
    { flags: { advertise: 'example.org:80' }, found: { advertised: { host: 'example.org', port: 80 } } },
    { flags: { advertise: '[2001:db8::1]:80' }, found: { advertised: { host: '2001:db8::1', port: 80 } } },
    { flags: { advertise: '2001:db8::1' }, found: { advertised: { host: '2001:db8::1', port: undefined } } },
  ])('$flags', ({ flags, found }) => {
    expect(read(settings, flags)).toMatchObject(found);
  });
});

test.each([
  { settings: {}, flags: {}, error: '--port is missing' },
  {
    settings: { listeners: 'localhost:9092' },
    flags: {},
    error: 'listeners=localhost:9092: localhost:9092 is no listener. Write NAME://host:port',
  },
  { settings: { listeners: 'PLAINTEXT://:0' }, flags: {}, error: 'a port is a number from 1' },
  { settings: { listeners: 'A://:1,A://:2' }, flags: {}, error: 'A is in it twice, at different ports' },
  { settings: { listeners: 'SSL://:9093' }, flags: {}, error: 'SSL is to speak SSL, and this version speaks PLAINTEXT only' },
  {
    settings: { listeners: 'CLIENT://:9093', 'listener.security.protocol.map': 'CLIENT:SASL_SSL' },
    flags: {},
    error: 'CLIENT is to speak SASL_SSL',
  },
  {
    settings: { listeners: 'A://:1', 'inter.broker.listener.name': 'B' },
    flags: {},
    error: 'inter.broker.listener.name=B: it is none of `listeners`. Use one of A',
  },
  { settings: { listeners: 'A://:1', 'advertised.listeners': 'B://x:1' }, flags: {}, error: 'there is no listener B. Use A' },
  { settings: { listeners: 'A://:1', 'advertised.listeners': 'A://:1' }, flags: {}, error: 'nobody can dial A at every address' },
  { settings: {}, flags: { port: '1', advertise: 'http://x' }, error: '--advertise=http://x: this is not a host' },
  { settings: {}, flags: { port: '1', advertise: '0.0.0.0' }, error: '--advertise=0.0.0.0: nobody can dial every address' },
  { settings: {}, flags: { port: '1', advertise: 'x:0' }, error: '--advertise=x:0: a port is a number from 1' },
])('$settings with $flags is refused: $error', ({ settings, flags, error }) => {
  expect(() => read(settings as Record<string, string>, flags)).toThrow(error);
});
