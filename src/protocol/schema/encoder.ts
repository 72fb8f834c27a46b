import { type ErrorName, errorCode, KafkaError } from '../errors.ts';
import { isNullable, isTagged } from './decoder.ts';
import { defaultMaker, isDefault } from './defaults.ts';
import type { Field, Fields } from './fields.ts';
import { includesVersion } from './versions.ts';
import { Writer } from './writer.ts';

/** Writes one value. */
export type Encode = (writer: Writer, value: never) => void;

interface Place {
  readonly version: number;
  readonly flexible: boolean;
  readonly path: string;
}

interface Step {
  readonly name: string;
  readonly encode: Encode;
}

interface TaggedField extends Step {
  readonly tag: number;
  readonly field: Field;
}

/** The encoder of a message's fields in one version; see compileDecoder. `owner` names the message in errors. */
export function compileEncoder(fields: Fields, version: number, flexible: boolean, owner: string): Encode {
  return structEncoder(fields, { version, flexible, path: owner });
}

function structEncoder(fields: Fields, place: Place): Encode {
  const steps: Step[] = [];
  const tagged: TaggedField[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const inner = { ...place, path: `${place.path}.${name}` };
    if (!includesVersion(field.versions, place.version)) {
      if (!field.ignorable) steps.push({ name, encode: refuse(field, inner) });
    } else if (isTagged(field, place)) {
      tagged.push({ name, field, tag: field.tag!, encode: taggedEncoder(field, inner) });
    } else {
      steps.push({ name, encode: orDefault(field, fieldEncoder(field, inner)) });
    }
  }
  tagged.sort((a, b) => a.tag - b.tag);
  const names = steps.map((step) => step.name);
  const encoders = steps.map((step) => step.encode);
  const count = steps.length;
  const { flexible } = place;
  return (writer, value: Record<string, never>) => {
    for (let i = 0; i < count; i++) encoders[i]!(writer, value[names[i]!]!);
    if (flexible) encodeTagged(writer, value, tagged);
  };
}

/** A field that is left out is written as its default. */
function orDefault(field: Field, encode: Encode): Encode {
  const makeDefault = defaultMaker(field);
  return (writer, value) => encode(writer, value === undefined ? (makeDefault() as never) : value);
}

/** Stands for a field that the version has no room for: anything but its default would be lost. */
function refuse(field: Field, place: Place): Encode {
  return (_writer, value) => {
    if (!isDefault(field, value)) throw new KafkaError('UNSUPPORTED_VERSION', `version ${place.version} has no field ${place.path}`);
  };
}

function encodeTagged(writer: Writer, value: Record<string, never>, tagged: readonly TaggedField[]): void {
  if (tagged.length === 0) {
    writer.unsignedVarint(0);
    return;
  }
  const present = tagged.filter(({ field, name }) => !isDefault(field, value[name]));
  writer.unsignedVarint(present.length);
  for (const { tag, name, encode } of present) {
    const inner = new Writer();
    encode(inner, value[name]!);
    writer.unsignedVarint(tag);
    writer.unsignedVarint(inner.size);
    for (const piece of inner.finish()) writer.raw(piece);
  }
}

/** See taggedDecoder. */
function taggedEncoder(field: Field, place: Place): Encode {
  if (field.kind !== 'struct' || !isNullable(field, place.version)) return fieldEncoder(field, place);
  const encode = structEncoder(field.fields!, place);
  return (writer, value) => {
    writer.unsignedVarint(value === null ? 0 : 1);
    if (value !== null) encode(writer, value);
  };
}

function fieldEncoder(field: Field, place: Place): Encode {
  const nullable = isNullable(field, place.version);
  const compact = place.flexible && !field.neverFlexible;
  switch (field.kind) {
    case 'int8':
      return (writer, value) => writer.int8(value);
    case 'int16':
      return (writer, value) => writer.int16(value);
    case 'int32':
      return (writer, value) => writer.int32(value);
    case 'int64':
      return (writer, value) => writer.int64(value);
    case 'uint16':
      return (writer, value) => writer.uint16(value);
    case 'uint32':
      return (writer, value) => writer.uint32(value);
    case 'float64':
      return (writer, value) => writer.float64(value);
    case 'bool':
      return (writer, value) => writer.bool(value);
    case 'uuid':
      return (writer, value) => writer.uuid(value);
    case 'errorCode':
      return (writer, value: ErrorName) => writer.int16(errorCode(value));
    case 'string':
      if (nullable) {
        return compact ? (writer, value) => writer.compactNullableString(value) : (writer, value) => writer.nullableString(value);
      }
      return notNull(place, compact ? (writer, value) => writer.compactString(value) : (writer, value) => writer.string(value));
    case 'bytes':
    case 'records':
      if (nullable) {
        return compact ? (writer, value) => writer.compactNullableBytes(value) : (writer, value) => writer.nullableBytes(value);
      }
      return notNull(place, compact ? (writer, value) => writer.compactBytes(value) : (writer, value) => writer.bytes(value));
    case 'array':
      return arrayEncoder(field.element!, nullable, place);
    case 'struct': {
      const encode = structEncoder(field.fields!, place);
      return nullable ? nullableStructEncoder(encode) : notNull(place, encode);
    }
  }
}

function arrayEncoder(element: Field, nullable: boolean, place: Place): Encode {
  const encode = fieldEncoder(element, { ...place, path: `${place.path}[]` });
  const { flexible } = place;
  const encodeValues: Encode = (writer, values: readonly never[]) => {
    if (flexible) writer.unsignedVarint(values.length + 1);
    else writer.int32(values.length);
    for (const value of values) encode(writer, value);
  };
  if (!nullable) return notNull(place, encodeValues);
  return (writer, values) => {
    if (values !== null) encodeValues(writer, values);
    else if (flexible) writer.unsignedVarint(0);
    else writer.int32(-1);
  };
}

function nullableStructEncoder(encode: Encode): Encode {
  return (writer, value) => {
    writer.int8(value === null ? -1 : 1);
    if (value !== null) encode(writer, value);
  };
}

function notNull(place: Place, encode: Encode): Encode {
  return (writer, value) => {
    if (value === null) throw new KafkaError('UNSUPPORTED_VERSION', `in version ${place.version} ${place.path} cannot be null`);
    encode(writer, value);
  };
}
