import { expect, test } from 'vitest';
import { allApis } from '#protocol';
import { array, defineMessage, errorCode, int8, int32, int64, string, struct, uuid } from '#protocol/schema/index.ts';
import { storedMessages } from '#protocol/stored/index.ts';
import { compare } from './compare.ts';
import { parseDefinition, shapeOfDefinition } from './kafka.ts';
import { shapeOfMessage, shapesOfApi } from './ours.ts';

/** Written like Kafka's definitions: comments, open versions, numbers as text, common structs. */
const definition = `{
  // A note, and "a quote".
  "apiKey": 7, "type": "data", "name": "Parcel", "validVersions": "1-3", "flexibleVersions": "2+",
  "fields": [
    { "name": "Sender", "type": "string", "versions": "0+", "nullableVersions": "2+", "default": "null", "about": "see // nowhere" },
    { "name": "ErrorCode", "type": "int16", "versions": "0+", "ignorable": true },
    { "name": "Gone", "type": "int8", "versions": "0" },
    { "name": "Items", "type": "[]Item", "versions": "0+", "fields": [
      { "name": "Weight", "type": "int32", "versions": "0+", "default": "0x10" },
      { "name": "Places", "type": "[]Place", "versions": "2+", "nullableVersions": "2+" }
    ] },
    { "name": "Origin", "type": "Place", "taggedVersions": "3+", "tag": 0 }
  ],
  "commonStructs": [{ "name": "Place", "versions": "0+", "fields": [{ "name": "Id", "type": "uuid", "versions": "0+" }] }]
}`;
const kafkas = [shapeOfDefinition(parseDefinition(definition))];

const place = { id: uuid() };
const item = { weight: int32({ default: 16 }), places: array(place, { versions: '2+', nullable: '2+' }) };
const parcel = {
  sender: string({ nullable: '2+', default: null }),
  errorCode: errorCode({ ignorable: true }),
  items: array(item),
  origin: struct(place, { versions: '3+', tag: 0 }),
};

function parcelWith(changes: {
  versions?: string;
  flexible?: string;
  apiKey?: number;
  fields?: Parameters<typeof defineMessage>[0]['fields'];
}) {
  return [
    shapeOfMessage(defineMessage({ name: 'Parcel', apiKey: 7, versions: '1-3', flexible: '2+', fields: parcel, ...changes }), 'stored'),
  ];
}

test('a schema that says what the definition says has no difference', () => {
  expect(compare(kafkas, parcelWith({}))).toEqual([]);
});

test.each([
  { planted: parcelWith({ versions: '1-4' }), named: 'Parcel: valid versions is 1-3 in Kafka, 1-4 here' },
  { planted: parcelWith({ flexible: '3+' }), named: 'Parcel: flexible versions is 2-3 in Kafka, 3 here' },
  { planted: parcelWith({ apiKey: 8 }), named: 'Parcel: api key is 7 in Kafka, 8 here' },
  {
    planted: parcelWith({ fields: { ...parcel, items: array({ ...item, weight: int64({ default: 16n }) }) } }),
    named: 'Parcel items.weight: type is int32 in Kafka, int64 here',
  },
  {
    planted: parcelWith({ fields: { ...parcel, items: array({ ...item, weight: int32({ default: 17 }) }) } }),
    named: 'Parcel items.weight: default is 16 in Kafka, 17 here',
  },
  {
    planted: parcelWith({ fields: { ...parcel, errorCode: errorCode() } }),
    named: 'Parcel errorCode: ignorable is true in Kafka, false here',
  },
  {
    planted: parcelWith({ fields: { ...parcel, sender: string({ nullable: '1+', default: null }) } }),
    named: 'Parcel sender: nullable is 2-3 in Kafka, 1-3 here',
  },
  {
    planted: parcelWith({ fields: { ...parcel, sender: string({ nullable: '2+' }) } }),
    named: "Parcel sender: default is null in Kafka, '' here",
  },
  {
    planted: parcelWith({ fields: { ...parcel, sender: string({ nullable: '2+', default: null, flexible: 'none' }) } }),
    named: 'Parcel sender: flexible is like the message in Kafka, never here',
  },
  {
    planted: parcelWith({ fields: { ...parcel, origin: struct(place, { versions: '3+', tag: 1 }) } }),
    named: 'Parcel origin: tag is 0 in 3 in Kafka, 1 in 3 here',
  },
  {
    planted: parcelWith({
      fields: { ...parcel, items: array({ weight: item.weight, places: array(place, { versions: '3+', nullable: '2+' }) }) },
    }),
    named: 'Parcel items.places: versions is 2-3 in Kafka, 3 here',
  },
  { planted: parcelWith({ fields: { ...parcel, extra: int8() } }), named: 'Parcel extra: not in Kafka' },
  { planted: parcelWith({ fields: { ...parcel, items: array({ weight: item.weight }) } }), named: 'Parcel items.places: missing here' },
  {
    planted: parcelWith({ fields: { errorCode: parcel.errorCode, sender: parcel.sender, items: parcel.items, origin: parcel.origin } }),
    named: 'Parcel: sender comes next in Kafka, errorCode here',
  },
])('a planted difference is named: $named', ({ planted, named }) => {
  expect(compare(kafkas, planted)).toContain(named);
});

test('a message that one side lacks is named', () => {
  expect(compare(kafkas, [])).toEqual(['Parcel: missing here']);
  expect(compare([], parcelWith({}))).toEqual(['Parcel: not in Kafka']);
});

test('all of our messages can be laid flat, under names of their own', () => {
  const shapes = [...[...allApis.values()].flatMap(shapesOfApi), ...storedMessages.map((message) => shapeOfMessage(message, 'stored'))];

  expect(new Set(shapes.map((shape) => shape.name)).size).toBe(shapes.length);
  expect(compare(shapes, shapes)).toEqual([]);
});
