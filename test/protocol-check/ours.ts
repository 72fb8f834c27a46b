import { type Api, type ErrorName, errorCode, type Message, type VersionRange, zeroUuid } from '#protocol';
import { common, type FieldShape, isEmpty, type MessageShape, spell } from './shape.ts';

type Field = Message['fields'][string];

export function shapesOfApi(api: Api): MessageShape[] {
  const ofRequest = { 'latest version unstable': `${api.latestVersionUnstable}`, listeners: [...api.listeners].sort().join(', ') };
  return [shapeOfMessage(api.request, 'request', ofRequest), shapeOfMessage(api.response, 'response')];
}

/** An API that Kafka has removed: nothing is left but its name and key. */
export function shapesOfRemovedApi({ key, name }: { readonly key: number; readonly name: string }): MessageShape[] {
  const rest = { 'api key': `${key}`, 'valid versions': 'none', 'flexible versions': 'none' };
  return [
    { name: `${name}Request`, properties: { kind: 'request', ...rest, 'latest version unstable': 'false', listeners: '' }, fields: [] },
    { name: `${name}Response`, properties: { kind: 'response', ...rest }, fields: [] },
  ];
}

export function shapeOfMessage(message: Message, kind: string, more: Record<string, string> = {}): MessageShape {
  return {
    name: message.name,
    properties: {
      kind,
      'api key': `${message.apiKey ?? 'none'}`,
      'valid versions': spell(message.versions),
      'flexible versions': spell(common(message.flexible, message.versions)),
      ...more,
    },
    fields: shapesOfFields(message.fields, message.versions, ''),
  };
}

function shapesOfFields(fields: Message['fields'], outer: VersionRange, prefix: string): FieldShape[] {
  return Object.entries(fields).flatMap(([name, field]) => shapesOfField(field, outer, `${prefix}${name}`));
}

function shapesOfField(field: Field, outer: VersionRange, path: string): FieldShape[] {
  const versions = common(field.versions, outer);
  if (isEmpty(versions)) return [];
  const element = field.element ?? field;
  const none = { min: 0, max: -1 };
  const shape: FieldShape = {
    path,
    properties: {
      type: `${field.element ? '[]' : ''}${element.kind === 'errorCode' ? 'int16' : element.kind}`,
      versions: spell(versions),
      nullable: spell(common(field.nullable ?? none, versions)),
      tag: field.tag === undefined ? 'none' : `${field.tag} in ${spell(common(field.taggedVersions ?? none, versions))}`,
      default: defaultText(field, versions),
      ignorable: `${field.ignorable}`,
      flexible: field.neverFlexible ? 'never' : 'like the message',
    },
  };
  return element.fields ? [shape, ...shapesOfFields(element.fields, versions, `${path}.`)] : [shape];
}

function defaultText(field: Field, versions: VersionRange): string {
  const written = field.explicitDefault;
  if (written === null) return 'null';
  switch (field.kind) {
    case 'array':
    case 'bytes':
      return 'empty';
    case 'records':
      return field.nullable === undefined || isEmpty(common(field.nullable, versions)) ? 'empty' : 'null';
    case 'struct':
      return 'struct of defaults';
    case 'string':
      return `'${written ?? ''}'`;
    case 'uuid':
      return (written ?? zeroUuid) === zeroUuid ? 'zero' : `${written}`;
    case 'bool':
      return `${written ?? false}`;
    case 'errorCode':
      return `${errorCode((written as ErrorName | undefined) ?? 'NONE')}`;
    default:
      return `${written ?? 0}`;
  }
}
