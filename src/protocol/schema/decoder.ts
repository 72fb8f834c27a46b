import { errorName } from '../errors.ts';
import { defaultMaker } from './defaults.ts';
import type { Field, Fields } from './fields.ts';
import type { Reader } from './reader.ts';
import { includesVersion } from './versions.ts';

/** Reads one value. */
export type Decode = (reader: Reader) => unknown;

/** Where in a message a field stands and how the message is written there. */
interface Place {
  readonly version: number;
  readonly flexible: boolean;
  readonly path: string;
}

interface TaggedField {
  readonly name: string;
  readonly decode: Decode;
}

/** The decoder of a message's fields in one version: closures chosen once, so that reading asks no question about versions. */
export function compileDecoder(fields: Fields, version: number, flexible: boolean): Decode {
  return structDecoder(fields, { version, flexible, path: '' });
}

function structDecoder(fields: Fields, place: Place): Decode {
  const names = Object.keys(fields);
  const tagged: (TaggedField | undefined)[] = [];
  const decoders = names.map((name): Decode => {
    const field = fields[name]!;
    if (!includesVersion(field.versions, place.version)) return defaultMaker(field);
    const inner = { ...place, path: place.path === '' ? name : `${place.path}.${name}` };
    if (!isTagged(field, place)) return fieldDecoder(field, inner);
    tagged[field.tag!] = { name, decode: taggedDecoder(field, inner) };
    return defaultMaker(field);
  });
  const count = names.length;
  const { flexible } = place;
  return (reader) => {
    const value: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) value[names[i]!] = decoders[i]!(reader);
    if (flexible) decodeTagged(reader, value, tagged);
    return value;
  };
}

/** Reads the section of tagged fields; a tag that the schema does not know is skipped. */
function decodeTagged(reader: Reader, value: Record<string, unknown>, tagged: readonly (TaggedField | undefined)[]): void {
  const count = reader.unsignedVarint();
  for (let i = 0; i < count; i++) {
    const tag = reader.unsignedVarint();
    const size = reader.unsignedVarint();
    const field = tagged[tag];
    if (field === undefined) {
      reader.skip(size);
      continue;
    }
    const outerEnd = reader.end;
    const end = reader.position + size;
    if (end > outerEnd) reader.fail(`tagged field ${field.name} of ${size} bytes`);
    reader.end = end;
    value[field.name] = field.decode(reader);
    if (reader.position !== end) reader.fail(`tagged field ${field.name} ends early`);
    reader.end = outerEnd;
  }
}

/** In the tagged section the mark before a struct that may be null is a varint, 0 or 1; elsewhere it is an int8, -1 or 1. */
function taggedDecoder(field: Field, place: Place): Decode {
  if (field.kind !== 'struct' || !isNullable(field, place.version)) return fieldDecoder(field, place);
  const decode = structDecoder(field.fields!, place);
  return (reader) => (reader.unsignedVarint() === 0 ? null : decode(reader));
}

function fieldDecoder(field: Field, place: Place): Decode {
  const nullable = isNullable(field, place.version);
  const compact = place.flexible && !field.neverFlexible;
  switch (field.kind) {
    case 'int8':
      return (reader) => reader.int8();
    case 'int16':
      return (reader) => reader.int16();
    case 'int32':
      return (reader) => reader.int32();
    case 'int64':
      return (reader) => reader.int64();
    case 'uint16':
      return (reader) => reader.uint16();
    case 'uint32':
      return (reader) => reader.uint32();
    case 'float64':
      return (reader) => reader.float64();
    case 'bool':
      return (reader) => reader.bool();
    case 'uuid':
      return (reader) => reader.uuid();
    case 'errorCode':
      return (reader) => errorName(reader.int16());
    case 'string':
      if (compact) return nullable ? (reader) => reader.compactNullableString() : (reader) => reader.compactString();
      return nullable ? (reader) => reader.nullableString() : (reader) => reader.string();
    case 'bytes':
    case 'records':
      if (compact) return nullable ? (reader) => reader.compactNullableBytes() : (reader) => reader.compactBytes();
      return nullable ? (reader) => reader.nullableBytes() : (reader) => reader.bytes();
    case 'array':
      return arrayDecoder(field.element!, nullable, place);
    case 'struct': {
      const decode = structDecoder(field.fields!, place);
      return nullable ? (reader) => (reader.int8() < 0 ? null : decode(reader)) : decode;
    }
  }
}

function arrayDecoder(element: Field, nullable: boolean, place: Place): Decode {
  const decode = fieldDecoder(element, { ...place, path: `${place.path}[]` });
  const { flexible, path } = place;
  // An element without bytes would let a short frame claim any count; no message of Kafka's has one.
  const elementBytes = Math.max(1, minBytes(element, place));
  return (reader) => {
    const count = flexible ? reader.unsignedVarint() - 1 : reader.int32();
    if (count === -1 && nullable) return null;
    reader.claimElements(count, elementBytes, path);
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(decode(reader));
    return values;
  };
}

/** The fewest bytes that a value of the field can take. */
export function minBytes(field: Field, place: { readonly version: number; readonly flexible: boolean }): number {
  const compact = place.flexible && !field.neverFlexible;
  switch (field.kind) {
    case 'int8':
    case 'bool':
      return 1;
    case 'int16':
    case 'uint16':
    case 'errorCode':
      return 2;
    case 'int32':
    case 'uint32':
      return 4;
    case 'int64':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    case 'string':
      return compact ? 1 : 2;
    case 'bytes':
    case 'records':
    case 'array':
      return compact ? 1 : 4;
    case 'struct': {
      if (isNullable(field, place.version)) return 1;
      const inner = Object.values(field.fields!).filter((one) => includesVersion(one.versions, place.version) && !isTagged(one, place));
      return inner.reduce((sum, one) => sum + minBytes(one, place), place.flexible ? 1 : 0);
    }
  }
}

export function isNullable(field: Field, version: number): boolean {
  return field.nullable !== undefined && includesVersion(field.nullable, version);
}

/** Does the field stand in the tagged section? */
export function isTagged(field: Field, { version, flexible }: { readonly version: number; readonly flexible: boolean }): boolean {
  return flexible && field.taggedVersions !== undefined && includesVersion(field.taggedVersions, version);
}
