import { expect, test } from 'vitest';
import { formatAddress, parseAddress, parsePeers, parsePort } from './addresses.ts';

const own = { hosts: ['localhost', '127.0.0.1', '::1'], ports: [8080] };

test.each([
  { text: 'localhost:8080', host: 'localhost', port: 8080 },
  { text: '10.0.0.7:1', host: '10.0.0.7', port: 1 },
  { text: '[::1]:65535', host: '::1', port: 65535 },
  { text: 'kafka-1.example.org:9092', host: 'kafka-1.example.org', port: 9092 },
])('$text is an address, and is written the same way again', ({ text, host, port }) => {
  const address = parseAddress('--meta', text);

  expect(address).toEqual({ host, port });
  expect(formatAddress(address)).toBe(text);
});

test.each([
  'localhost',
  ':8080',
  'localhost:',
  'localhost:http',
  '::1:8080',
  'http://localhost:8080',
  'a b:80',
  '',
  'localhost:0',
  'localhost:65536',
  'localhost:-1',
  'localhost:8080/x',
])('"%s" is no address, and the error names flag and value', (text) => {
  expect(() => parseAddress('--meta', text)).toThrow(`--meta=${text}: `);
});

test('port 0 is taken only where it is allowed', () => {
  expect(parsePort('--port', '0', 0)).toBe(0);
  expect(() => parsePort('--port', '0')).toThrow('from 1 to 65535');
});

test('peers are read in their order', () => {
  expect(parsePeers('localhost:8081, localhost:8082,', own)).toEqual({
    peers: [
      { host: 'localhost', port: 8081 },
      { host: 'localhost', port: 8082 },
    ],
    notes: [],
  });
});

test('no peers at all is a cluster of one', () => {
  expect(parsePeers('', own)).toEqual({ peers: [], notes: [] });
});

test.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST:8080'])('its own address %s is left out with a note', (entry) => {
  const { peers, notes } = parsePeers(`${entry},localhost:8081`, own);

  expect(peers).toEqual([{ host: 'localhost', port: 8081 }]);
  expect(notes).toEqual([`--peers names ${entry}, which is this broker itself; it is left out.`]);
});

test('the same port on another host is another broker', () => {
  expect(parsePeers('10.0.0.2:8080', own).peers).toHaveLength(1);
});

test.each(['localhost:8081,localhost:8081', 'localhost:8081,127.0.0.1:8081'])('a peer that is named twice (%s) is refused', (text) => {
  expect(() => parsePeers(text, own)).toThrow('is in it twice');
});
