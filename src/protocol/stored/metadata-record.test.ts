import { expect, test } from 'vitest';
import { ProtocolError } from '../schema/index.ts';
import { featureLevelRecord } from './feature-level-record.ts';
import { decodeMetadataRecord, encodeMetadataRecord } from './metadata-record.ts';
import { partitionChangeRecord } from './partition-change-record.ts';
import { topicRecord } from './topic-record.ts';

const topicId = 'vPeOCWypqUOSepEvx0cbog';

test('a metadata record is frame version, key and version before its body', () => {
  const bytes = encodeMetadataRecord({ record: featureLevelRecord, value: { name: 'kraft.version', featureLevel: 1 } });

  expect(bytes.toString('hex')).toBe('010c000e6b726166742e76657273696f6e000100');
  expect(decodeMetadataRecord(bytes)).toEqual({ name: 'FeatureLevelRecord', value: { name: 'kraft.version', featureLevel: 1 } });
});

test('the name tells the type of the value', () => {
  const record = decodeMetadataRecord(encodeMetadataRecord({ record: topicRecord, value: { name: 'orders', topicId } }));

  expect(record.name === 'TopicRecord' && record.value.topicId).toBe(topicId);
});

test('the highest version is written unless another is asked for', () => {
  const value = { partitionId: 1, topicId };

  expect(encodeMetadataRecord({ record: partitionChangeRecord, value })[2]).toBe(partitionChangeRecord.versions.max);
  expect(encodeMetadataRecord({ record: partitionChangeRecord, version: 0, value })[2]).toBe(0);
});

test.each([
  { hex: '', because: 'it is empty' },
  { hex: '020c00', because: 'its frame has another version' },
  { hex: '017f00', because: 'no record has this key' },
  { hex: '010c000e6b72', because: 'it ends early' },
  { hex: '010c000e6b726166742e76657273696f6e000100ff', because: 'a byte follows it' },
])('$hex is malformed: $because', ({ hex }) => {
  expect(() => decodeMetadataRecord(Buffer.from(hex, 'hex'))).toThrow(ProtocolError);
});

test('a version of a record that we do not have is refused', () => {
  expect(() => decodeMetadataRecord(Buffer.from('010c09', 'hex'))).toThrow('FeatureLevelRecord has versions 0, not 9');
});
