import { crc32c as wasmCrc32c } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c, nativeCrc32c, portableCrc32c } from './crc32c.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);

test.each([
  { name: 'nothing', bytes: new Uint8Array(0), expected: 0 },
  { name: 'the letter a', bytes: Buffer.from('a'), expected: 0xc1d04330 },
  { name: 'the digits 1 to 9', bytes: Buffer.from('123456789'), expected: 0xe3069283 },
  // The four vectors of RFC 3720, appendix B.4.
  { name: '32 zeros', bytes: new Uint8Array(32), expected: 0x8a9136aa },
  { name: '32 bytes of ones', bytes: new Uint8Array(32).fill(0xff), expected: 0x62a8ab43 },
  { name: '0 to 31', bytes: ascending, expected: 0x46dd794e },
  { name: '31 to 0', bytes: ascending.toReversed(), expected: 0x113fdb5c },
])('the checksum of $name is the published one', ({ bytes, expected }) => {
  expect(crc32c(bytes)).toBe(expected);
  expect(portableCrc32c(bytes)).toBe(expected);
});

test('every implementation at hand gives the same checksum, at every length and from every start', () => {
  const native = nativeCrc32c() ?? wasmCrc32c;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(3000), fc.nat(3000), (bytes, one, other) => {
      const from = Math.min(one, other, bytes.length);
      const to = Math.min(Math.max(one, other), bytes.length);
      const part = bytes.slice(from, to);

      const expected = portableCrc32c(part);

      expect(crc32c(bytes, from, to)).toBe(expected);
      expect(portableCrc32c(bytes, from, to)).toBe(expected);
      expect(wasmCrc32c(part)).toBe(expected);
      expect(native(part)).toBe(expected);
    }),
  );
});

test('the checksum of 1 MB does not depend on which implementation is chosen for large input', () => {
  const bytes = Uint8Array.from({ length: 1 << 20 }, (_, index) => (index * 31) >>> 3);

  expect(crc32c(bytes)).toBe(portableCrc32c(bytes));
});
