import {
  buildControlBatch,
  type ControlRecordInput,
  controlRecordType,
  decodeMessage,
  encodeMessage,
  KafkaError,
  type RecordBatch,
} from '#protocol';
import { kRaftVersionRecord } from '#protocol/stored/kraft-version-record.ts';
import { leaderChangeMessage } from '#protocol/stored/leader-change-message.ts';
import { snapshotFooterRecord } from '#protocol/stored/snapshot-footer-record.ts';
import { snapshotHeaderRecord } from '#protocol/stored/snapshot-header-record.ts';
import { votersRecord } from '#protocol/stored/voters-record.ts';
import type { BatchInfo, ControlRecord, Voter } from './types.ts';

/** The name that Kafka's tools show for the endpoints of voters. */
export const listenerName = 'CONTROLLER';

/** The levels of kraft.version that a broker of ours can take part in. */
export const kRaftVersions = { minSupportedVersion: 0, maxSupportedVersion: 1 };

/** One control record as it goes into a batch. */
export function encodeControlRecord(record: ControlRecord): ControlRecordInput {
  if (record.type === 'leaderChange') {
    const voters = record.voterIds.map((voterId) => ({ voterId }));
    const grantingVoters = record.grantingIds.map((voterId) => ({ voterId }));
    const value = encodeMessage(leaderChangeMessage, 0, { version: 0, leaderId: record.leaderId, voters, grantingVoters });
    return { type: 'LEADER_CHANGE', value };
  }
  if (record.type === 'kRaftVersion') {
    return { type: 'KRAFT_VERSION', value: encodeMessage(kRaftVersionRecord, 0, { version: 0, kRaftVersion: record.version }) };
  }
  const voters = record.voters.map(({ address, directoryId, id }) => ({
    voterId: id,
    voterDirectoryId: directoryId,
    endpoints: [{ name: listenerName, host: address.host, port: address.port }],
    kRaftVersionFeature: kRaftVersions,
  }));
  return { type: 'KRAFT_VOTERS', value: encodeMessage(votersRecord, 0, { version: 0, voters }) };
}

/** One control batch for the metadata log, or the first one of a snapshot. */
export function buildRaftBatch(records: readonly ControlRecordInput[], timestamp: number, leaderEpoch: number, baseOffset = 0n): Buffer {
  return buildControlBatch({ records, timestamp, leaderEpoch, baseOffset });
}

/** The record that begins a snapshot. */
export function snapshotHeader(lastContainedLogTimestamp: number): ControlRecordInput {
  const value = encodeMessage(snapshotHeaderRecord, 0, { version: 0, lastContainedLogTimestamp: BigInt(lastContainedLogTimestamp) });
  return { type: 'SNAPSHOT_HEADER', value };
}

/** The record that ends a snapshot. */
export function snapshotFooter(): ControlRecordInput {
  return { type: 'SNAPSHOT_FOOTER', value: encodeMessage(snapshotFooterRecord, 0, { version: 0 }) };
}

/** @throws ProtocolError when the bytes are no voters record */
function decodeVoters(value: Buffer): readonly Voter[] {
  return decodeMessage(votersRecord, 0, value).voters.map(({ endpoints, voterDirectoryId, voterId }) => {
    const endpoint = endpoints.find(({ name }) => name === listenerName) ?? endpoints[0];
    if (endpoint === undefined) throw new KafkaError('INVALID_RECORD', `Voter ${voterId} has no endpoint.`);
    return { id: voterId, directoryId: voterDirectoryId, address: { host: endpoint.host, port: endpoint.port } };
  });
}

/** What a control batch says, as far as Raft cares. */
export interface ControlContent {
  readonly voters?: { readonly offset: bigint; readonly voters: readonly Voter[] };
  readonly lastContainedLogTimestamp?: number;
  readonly isFooter: boolean;
}

/** @throws KafkaError, ProtocolError when the batch is malformed */
export function readControlBatch(batch: RecordBatch): ControlContent {
  let content: ControlContent = { isFooter: false };
  for (const { key, offset, value } of batch.records()) {
    const type = controlRecordType(key);
    if (value === null) continue;
    if (type === 'KRAFT_VOTERS') content = { ...content, voters: { offset, voters: decodeVoters(value) } };
    else if (type === 'SNAPSHOT_FOOTER') content = { ...content, isFooter: true };
    else if (type === 'SNAPSHOT_HEADER') {
      const header = decodeMessage(snapshotHeaderRecord, 0, value);
      content = { ...content, lastContainedLogTimestamp: Number(header.lastContainedLogTimestamp) };
    }
  }
  return content;
}

/**
 * What the core must know of the batches in these bytes.
 * @throws KafkaError CORRUPT_MESSAGE when a checksum is wrong
 */
export function describeBatches(batches: Iterable<RecordBatch>): readonly BatchInfo[] {
  const infos: BatchInfo[] = [];
  for (const batch of batches) {
    if (!batch.isValidCrc()) throw new KafkaError('CORRUPT_MESSAGE', `The checksum of metadata batch ${batch.baseOffset} is wrong.`);
    const voters = batch.isControl ? readControlBatch(batch).voters : undefined;
    const { baseOffset, lastOffset, partitionLeaderEpoch: epoch } = batch;
    infos.push(voters === undefined ? { baseOffset, lastOffset, epoch } : { baseOffset, lastOffset, epoch, voters });
  }
  return infos;
}
