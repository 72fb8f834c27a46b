import type { Field } from './fields.ts';
import { zeroUuid } from './uuid.ts';

const emptyBuffer = Buffer.alloc(0);

/** What the field is when nothing is said about it. Arrays and structs come fresh each time, so that callers may change them. */
export function defaultOf(field: Field): unknown {
  if (field.explicitDefault !== undefined) return field.explicitDefault;
  switch (field.kind) {
    case 'int64':
      return 0n;
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return emptyBuffer;
    case 'records':
      return field.nullable === undefined ? emptyBuffer : null;
    case 'uuid':
      return zeroUuid;
    case 'errorCode':
      return 'NONE';
    case 'array':
      return [];
    case 'struct':
      return Object.fromEntries(Object.entries(field.fields!).map(([name, inner]) => [name, defaultOf(inner)]));
    default:
      return 0;
  }
}

/** A function that gives {@link defaultOf} the field, without work where one value can be shared. */
export function defaultMaker(field: Field): () => unknown {
  const value = defaultOf(field);
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return () => value;
  if (field.kind === 'array') return () => [];
  const names = Object.keys(field.fields!);
  const makers = Object.values(field.fields!).map(defaultMaker);
  return () => {
    const fresh: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) fresh[names[i]!] = makers[i]!();
    return fresh;
  };
}

/** Is it the field's default? A struct is when each of its fields is; a field that is left out counts as its default. */
export function isDefault(field: Field, value: unknown): boolean {
  if (value === undefined) return true;
  if (field.explicitDefault !== undefined) return value === field.explicitDefault;
  switch (field.kind) {
    case 'array':
    case 'bytes':
      return value !== null && (value as { length: number }).length === 0;
    case 'records':
      return field.nullable === undefined ? (value as Buffer).length === 0 : value === null;
    case 'struct':
      return (
        value !== null && Object.entries(field.fields!).every(([name, inner]) => isDefault(inner, (value as Record<string, unknown>)[name]))
      );
    default:
      return value === defaultOf(field);
  }
}
