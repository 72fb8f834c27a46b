import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { ownAddress } from './own-address.ts';

const at = (address: string, netmask = '255.255.255.0', internal = false) =>
  [
    { address, netmask, internal, family: address.includes(':') ? 'IPv6' : 'IPv4', mac: '', cidr: null },
  ] as unknown as NetworkInterfaceInfo[];
const interfaces = {
  lo: at('127.0.0.1', '255.0.0.0', true),
  eth0: [...at('fe80::1'), ...at('2001:db8::1'), ...at('10.0.0.5')],
  docker0: at('172.17.0.1', '255.255.0.0'),
};
const machine = { interfaces, hostName: 'box' };

test('the address of a network that a peer is in', () => {
  expect(ownAddress([{ host: '172.17.9.9', port: 1 }], machine)).toEqual({ host: '172.17.0.1', others: ['10.0.0.5', '2001:db8::1'] });
});

test('else the first that others can dial, IPv4 before IPv6', () => {
  expect(ownAddress([{ host: 'kafka-2', port: 1 }], machine)).toEqual({ host: '10.0.0.5', others: ['172.17.0.1', '2001:db8::1'] });
});

test('on a machine without a network its name', () => {
  expect(ownAddress([], { interfaces: { lo: interfaces.lo }, hostName: 'box' })).toEqual({ host: 'box', others: [] });
});
