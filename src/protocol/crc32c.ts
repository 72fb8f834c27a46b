import { createRequire } from 'node:module';
import { wasmUtils } from './wasm.ts';

type Checksum = (bytes: Uint8Array) => number;

/** Below this many bytes the call into native code costs more than it saves. */
const nativeFrom = 512;

/** Eight tables of 256 entries: table k advances the checksum of a byte over k further zero bytes. */
const tables = makeTables();

/** Undefined until a checksum of `nativeFrom` bytes is asked for: a program that only imports this module does not load the packages. */
let ofLargeInput: Checksum | undefined;

/**
 * CRC-32C (Castagnoli) of `bytes[from..to)`, as an unsigned number: the checksum of record batches.
 * Large input goes to the optional native package, or to WebAssembly where that is not installed. All give the same result.
 */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  if (to - from < nativeFrom) return portableCrc32c(bytes, from, to);
  ofLargeInput ??= nativeCrc32c() ?? wasmUtils().crc32c;
  return ofLargeInput(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
}

/** The same in plain JavaScript, eight bytes a step. */
export function portableCrc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = -1;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      tables[0x700 | (low & 0xff)]! ^
      tables[0x600 | ((low >>> 8) & 0xff)]! ^
      tables[0x500 | ((low >>> 16) & 0xff)]! ^
      tables[0x400 | (low >>> 24)]! ^
      tables[0x300 | bytes[at + 4]!]! ^
      tables[0x200 | bytes[at + 5]!]! ^
      tables[0x100 | bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/** The optional package's function; undefined where the package, or its build for this platform, is not installed. */
export function nativeCrc32c(): Checksum | undefined {
  try {
    return (createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Checksum }).crc32c;
  } catch {
    return undefined;
  }
}

function makeTables(): Int32Array {
  const polynomial = 0x82f63b78; // Castagnoli's, bits reversed
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let entry = 256; entry < made.length; entry++) {
    const before = made[entry - 256]!;
    made[entry] = (before >>> 8) ^ made[before & 0xff]!;
  }
  return made;
}
