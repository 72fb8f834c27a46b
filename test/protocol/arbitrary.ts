import fc from 'fast-check';
import { allApis, errorNames, includesVersion, type Message } from '#protocol';
import { requestHeader, responseHeader } from '#protocol/frames/headers.ts';
import { defaultOf } from '#protocol/schema/defaults.ts';
import { storedMessages } from '#protocol/stored/index.ts';

type Field = Message['fields'][string];

/** Every message that the protocol has. */
export const everyMessage: readonly Message[] = [
  ...[...allApis.values()].flatMap((api) => [api.request, api.response]),
  ...storedMessages,
  requestHeader,
  responseHeader,
];

/** The valid versions of a message, lowest first. */
export function versionsOf({ versions }: { readonly versions: { readonly min: number; readonly max: number } }): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, index) => versions.min + index);
}

/** Values of a message as a version can hold them: fields that the version lacks have their defaults. */
export function valuesOf(message: Message, version: number): fc.Arbitrary<unknown> {
  return structValues(message.fields, version);
}

function structValues(fields: Message['fields'], version: number): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldValues(field, version)])), {
    noNullPrototype: true,
  });
}

function fieldValues(field: Field, version: number): fc.Arbitrary<unknown> {
  if (!includesVersion(field.versions, version)) return fc.constant(defaultOf(field));
  const values = presentValues(field, version);
  const canBeNull = field.nullable !== undefined && includesVersion(field.nullable, version);
  return canBeNull ? fc.option(values, { freq: 3 }) : values;
}

function presentValues(field: Field, version: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f });
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff });
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff });
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case 'float64':
      return fc.double();
    case 'bool':
      return fc.boolean();
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 12 });
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
    case 'errorCode':
      return fc.constantFrom(...errorNames);
    case 'array':
      return fc.array(fieldValues(field.element!, version), { maxLength: 3 });
    case 'struct':
      return structValues(field.fields!, version);
  }
}
