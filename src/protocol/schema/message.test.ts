import { describe, expect, test } from 'vitest';
import { array, bytes, errorCode, int8, int16, int32, int64, records, string, struct, uuid } from './fields.ts';
import { type DecodedOf, decodeMessage, decodeMessageAt, defineMessage, encodeMessage, type InputOf } from './message.ts';
import { zeroUuid } from './uuid.ts';

const parcel = defineMessage({
  name: 'Parcel',
  versions: '1-4',
  flexible: '3+',
  fields: {
    id: int32(),
    sender: string({ nullable: '2+', default: null }),
    weight: int64({ versions: '2+', default: -1n }),
    colour: int8({ versions: '2+', ignorable: true }),
    items: array({ name: string(), places: array(int32(), { versions: '4+', nullable: '4+' }) }),
    note: string({ versions: '3+', tag: 2 }),
    origin: struct({ x: int32({ default: -1 }), y: int32() }, { versions: '3+', tag: 0 }),
    stamp: struct({ x: int16() }, { versions: '4+', nullable: '4+', default: null }),
    errorCode: errorCode(),
  },
});
const least: InputOf<typeof parcel> = { id: 1, items: [], errorCode: 'NONE' };

function hex(version: number, value: InputOf<typeof parcel>): string {
  return encodeMessage(parcel, version, value).toString('hex');
}

describe('versions', () => {
  test('a field that the version lacks decodes to its default, and every field is there', () => {
    const decoded: DecodedOf<typeof parcel> = decodeMessage(parcel, 1, Buffer.from('0000000700016100000000ffff', 'hex'));

    expect(decoded).toEqual({
      id: 7,
      sender: 'a',
      weight: -1n,
      colour: 0,
      items: [],
      note: '',
      origin: { x: -1, y: 0 },
      stamp: null,
      errorCode: 'UNKNOWN_SERVER_ERROR',
    });
  });

  test('arrays and structs that come from defaults belong to their object alone', () => {
    const bytes = encodeMessage(parcel, 2, least);
    const first = decodeMessage(parcel, 2, bytes);
    first.origin.x = 9;
    first.items.push({ name: 'ring', places: [] });

    expect(decodeMessage(parcel, 2, bytes)).toMatchObject({ origin: { x: -1, y: 0 }, items: [] });
  });

  test.each([
    { value: { ...least, sender: 'a', weight: 5n }, named: /version 1 has no field Parcel.weight/ },
    { value: { ...least, sender: 'a', origin: { y: 3 } }, named: /version 1 has no field Parcel.origin/ },
    { value: { ...least, sender: 'a', items: [{ name: 'ring', places: [1] }] }, named: /version 1 has no field Parcel.items\[\].places/ },
    { value: { ...least, sender: null }, named: /in version 1 Parcel.sender cannot be null/ },
    { value: least, named: /in version 1 Parcel.sender cannot be null/ },
  ])('what the version has no room for is refused: $named', ({ value, named }) => {
    expect(() => hex(1, value)).toThrow(named);
  });

  test('an ignorable field that the version has no room for is dropped', () => {
    expect(hex(1, { ...least, sender: '', colour: 4 })).toBe(hex(1, { ...least, sender: '' }));
  });

  test.each([0, 5, -1])('version %i, which the message does not have, is refused', (version) => {
    expect(() => hex(version, least)).toThrow('Parcel has versions 1-4');
    expect(() => decodeMessage(parcel, version, Buffer.alloc(40))).toThrow('Parcel has versions 1-4');
  });
});

describe('tagged fields', () => {
  const untagged = hex(3, least);

  test('those with their defaults take no bytes', () => {
    expect(untagged.endsWith('00')).toBe(true);
    expect(hex(3, { ...least, note: '', origin: { x: -1, y: 0 } })).toBe(untagged);
  });

  test('they are written by ascending tags, whatever their order in the schema', () => {
    const bytes = hex(3, { ...least, note: 'a', origin: { y: 2 } });

    expect(bytes).toBe(`${untagged.slice(0, -2)}0200${'09ffffffff0000000200'}02020261`);
    expect(decodeMessage(parcel, 3, Buffer.from(bytes, 'hex'))).toMatchObject({ note: 'a', origin: { x: -1, y: 2 } });
  });

  test('an unknown tag is skipped, between known ones too', () => {
    const bytes = Buffer.from(`${untagged.slice(0, -2)}030103aabbcc02020261630100`, 'hex');

    expect(decodeMessage(parcel, 3, bytes)).toMatchObject({ note: 'a', origin: { x: -1, y: 0 } });
  });

  test.each([
    { section: '016320aa', because: 'an unknown tag claims more than there is' },
    { section: '0102030261', because: 'a known tag claims more than there is' },
    { section: '010203026100', because: 'a known tag has bytes left over' },
    { section: '01020102', because: 'a known tag ends within its value' },
    { section: 'ffffffff0f', because: 'the section claims more tags than there are bytes' },
  ])('$section is malformed: $because', ({ section }) => {
    const bytes = Buffer.from(untagged.slice(0, -2) + section, 'hex');

    expect(() => decodeMessage(parcel, 3, bytes)).toThrow(/^Parcel v3: /);
  });
});

test('a struct that may be null is marked by -1 or 1', () => {
  const flat = defineMessage({ name: 'Flat', versions: '0', flexible: 'none', fields: { s: struct({ x: int8() }, { nullable: '0+' }) } });

  expect(encodeMessage(flat, 0, { s: null }).toString('hex')).toBe('ff');
  expect(encodeMessage(flat, 0, { s: { x: 5 } }).toString('hex')).toBe('0105');
  expect(decodeMessage(flat, 0, Buffer.from('ff', 'hex'))).toEqual({ s: null });
});

test('a tagged struct that may be null is marked by 0 or 1', () => {
  const tagged = defineMessage({
    name: 'Tagged',
    versions: '0',
    flexible: '0+',
    fields: { s: struct({ x: int8() }, { nullable: '0+', tag: 0 }) },
  });

  expect(encodeMessage(tagged, 0, { s: null }).toString('hex')).toBe('01000100');
  expect(encodeMessage(tagged, 0, { s: { x: 5 } }).toString('hex')).toBe('010003010500');
  expect(decodeMessage(tagged, 0, Buffer.from('01000100', 'hex'))).toEqual({ s: null });
  expect(decodeMessage(tagged, 0, Buffer.from('010003010500', 'hex'))).toEqual({ s: { x: 5 } });
});

test('the defaults of fields that say none', () => {
  const plain = defineMessage({
    name: 'Plain',
    versions: '0-1',
    flexible: 'none',
    fields: {
      a: uuid({ versions: '1' }),
      b: bytes({ versions: '1' }),
      c: records({ versions: '1', nullable: '1' }),
      d: bytes({ versions: '1', nullable: '1' }),
    },
  });

  expect(decodeMessage(plain, 0, Buffer.alloc(0))).toEqual({ a: zeroUuid, b: Buffer.alloc(0), c: null, d: Buffer.alloc(0) });
});

test('bytes after a message are malformed, unless only its start was asked for', () => {
  const bytes = Buffer.concat([Buffer.from([9]), encodeMessage(parcel, 2, least), Buffer.from([1, 2])]);

  expect(() => decodeMessage(parcel, 2, bytes.subarray(1))).toThrow('2 bytes after its end');
  expect(decodeMessageAt(parcel, 2, bytes, 1)).toMatchObject({ value: { id: 1 }, end: bytes.length - 2 });
});
