import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { BrokerImage, MetadataImage } from '../image/image.ts';
import { ImageBuilder } from '../image/image-builder.ts';
import { recordsWith, recordsWithout } from './partition-records.ts';
import type { ControllerState } from './state.ts';

export type RegistrationChange = { fenced?: -1 | 0 | 1; inControlledShutdown?: 0 | 1; logDirs?: string[] };

export function registrationChange(broker: BrokerImage, change: RegistrationChange): MetadataRecord {
  return {
    name: 'BrokerRegistrationChangeRecord',
    value: {
      brokerId: broker.id,
      brokerEpoch: broker.epoch,
      fenced: 0,
      inControlledShutdown: 0,
      logDirs: [],
      cordonedLogDirs: null,
      ...change,
    },
  };
}

/** Takes a broker out of service: nobody is sent to it, and what it led goes to others that are in sync, or waits for it. */
export function fencingRecords(
  image: MetadataImage,
  broker: BrokerImage,
  change: Omit<RegistrationChange, 'fenced'> = {},
): MetadataRecord[] {
  return [registrationChange(broker, { fenced: 1, ...change }), ...recordsWithout(image, broker.id)];
}

/** Puts a broker into service; it leads again what only it can lead. */
export function unfencingRecords(image: MetadataImage, broker: BrokerImage): MetadataRecord[] {
  return [registrationChange(broker, { fenced: -1 }), ...recordsWith(image, broker)];
}

/** Takes out of service all who were not heard of for a session. One after another: what the first led may go to one who stays, not to the next. */
export function fenceExpired(state: ControllerState, now: number): MetadataRecord[] {
  const expired = state.image.brokers.all().filter((broker) => !broker.fenced && !state.sessions.isLive(broker.id, broker.epoch, now));
  if (expired.length === 0) return [];
  const fences = expired.map((broker) => registrationChange(broker, { fenced: 1 }));
  const builder = new ImageBuilder(state.image);
  for (const record of fences) builder.apply(record);
  const position = { offset: state.image.offset, leaderEpoch: state.image.leaderEpoch, timestamp: state.image.timestamp };
  const records = [...fences];
  for (const broker of expired) {
    const changes = recordsWithout(builder.build(position), broker.id);
    for (const record of changes) builder.apply(record);
    records.push(...changes);
  }
  return records;
}
