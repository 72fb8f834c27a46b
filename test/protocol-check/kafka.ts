import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVersions, type VersionRange } from '#protocol';
import { common, type FieldShape, isEmpty, type MessageShape, spell, versionsOf } from './shape.ts';

/** One of Kafka's message definitions, as its JSON says it. */
export interface Definition {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly listeners?: readonly string[];
  readonly fields?: readonly FieldDefinition[];
  readonly commonStructs?: readonly { readonly name: string; readonly versions: string; readonly fields: readonly FieldDefinition[] }[];
}

export interface FieldDefinition {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly flexibleVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly ignorable?: boolean;
  readonly fields?: readonly FieldDefinition[];
}

/** Reads every definition in the directory and those below it. */
export function readDefinitions(directory: string): Definition[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => parseDefinition(readFileSync(join(directory, name), 'utf8')));
}

/** JSON with comments to the end of the line. */
export function parseDefinition(text: string): Definition {
  // A comment sign within a text is no comment: texts are matched first and kept.
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|\/\/.*$/gm, (match) => (match.startsWith('"') ? match : '')));
}

export function shapeOfDefinition(definition: Definition): MessageShape {
  const valid = parseVersions(definition.validVersions);
  const isRequest = definition.type === 'request';
  const isApi = isRequest || definition.type === 'response';
  return {
    name: definition.name,
    properties: {
      kind: isApi ? definition.type : 'stored',
      'api key': `${definition.apiKey ?? 'none'}`,
      'valid versions': spell(valid),
      'flexible versions': spell(common(versionsOf(definition.flexibleVersions, 'none'), valid)),
      ...(isRequest && {
        'latest version unstable': `${definition.latestVersionUnstable ?? false}`,
        listeners: [...(definition.listeners ?? [])].sort().join(', '),
      }),
    },
    fields: (definition.fields ?? []).flatMap((field) => shapesOfField(field, valid, '', definition)),
  };
}

function shapesOfField(field: FieldDefinition, outer: VersionRange, prefix: string, definition: Definition): FieldShape[] {
  const versions = common(versionsOf(field.versions ?? field.taggedVersions, '0+'), outer);
  if (isEmpty(versions)) return [];
  const path = `${prefix}${field.name.charAt(0).toLowerCase()}${field.name.slice(1)}`;
  const element = field.type.replace('[]', '');
  const isStruct = /^[A-Z]/.test(element);
  const shape: FieldShape = {
    path,
    properties: {
      type: isStruct ? field.type.replace(element, 'struct') : field.type,
      versions: spell(versions),
      nullable: spell(common(versionsOf(field.nullableVersions, 'none'), versions)),
      tag: field.tag === undefined ? 'none' : `${field.tag} in ${spell(common(versionsOf(field.taggedVersions, 'none'), versions))}`,
      default: defaultText(field, versions),
      ignorable: `${field.ignorable ?? false}`,
      flexible: field.flexibleVersions === 'none' ? 'never' : 'like the message',
    },
  };
  if (!isStruct) return [shape];
  const named = definition.commonStructs?.find((struct) => struct.name === element);
  const fields = field.fields ?? named?.fields;
  if (fields === undefined) throw new Error(`${definition.name}: nothing defines ${element}`);
  return [shape, ...fields.flatMap((inner) => shapesOfField(inner, versions, `${path}.`, definition))];
}

function defaultText(field: FieldDefinition, versions: VersionRange): string {
  const { type } = field;
  // Only the text stands for null: Kafka's generator takes a JSON null for no default at all.
  if (field.default === 'null') return 'null';
  if (type.startsWith('[]')) return 'empty';
  if (type === 'records') return isEmpty(common(versionsOf(field.nullableVersions, 'none'), versions)) ? 'empty' : 'null';
  if (/^[A-Z]/.test(type)) return 'struct of defaults';
  if (type === 'string') return `'${field.default ?? ''}'`;
  if (type === 'bytes') return 'empty';
  if (type === 'uuid') return 'zero';
  if (type === 'bool') return `${field.default ?? false}`;
  return `${BigInt(field.default ?? 0)}`;
}
