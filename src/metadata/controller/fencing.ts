import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { BrokerImage } from '../image/image.ts';
import { foldRecords } from '../image/image-builder.ts';
import type { View } from './partition-change.ts';
import { recordsHandedOver, recordsWith, recordsWithout, recordsWithoutDirectories } from './partition-records.ts';
import type { ControllerState } from './state.ts';

type RegistrationChange = { fenced?: -1 | 0 | 1; inControlledShutdown?: 0 | 1; logDirs?: string[] };

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

/** The metadata after the records, for deciding what else follows from them. */
export function viewAfter(view: View, records: readonly MetadataRecord[]): View {
  return { configs: view.configs, image: foldRecords(records, {}, view.image) };
}

/** Takes brokers out of service: nobody is sent to them, and what they led goes to others that are in sync, or waits for one that may lead it. */
export function fencingRecords(view: View, brokers: readonly BrokerImage[], change: { inControlledShutdown?: 1 } = {}): MetadataRecord[] {
  if (brokers.length === 0) return [];
  const fences = brokers.map((broker) => registrationChange(broker, { fenced: 1, ...change }));
  const ids = brokers.map(({ id }) => id);
  return [...fences, ...recordsWithout(viewAfter(view, fences), ids)];
}

/** Puts a broker into service; it leads what waited for it. */
export function unfencingRecords(view: View, broker: BrokerImage): MetadataRecord[] {
  const unfence = registrationChange(broker, { fenced: -1 });
  return [unfence, ...recordsWith(viewAfter(view, [unfence]), broker.id)];
}

/** Controlled shutdown: the broker is given nothing more, and gives away what others can go on with. */
export function handOverRecords(view: View, broker: BrokerImage): MetadataRecord[] {
  const notice = broker.inControlledShutdown ? [] : [registrationChange(broker, { inControlledShutdown: 1 })];
  const handedOver = recordsHandedOver(viewAfter(view, notice), broker.id);
  return handedOver.length === 0 ? [] : [...notice, ...handedOver];
}

/** Some of a broker's directories have failed, and others are left. */
export function directoryFailureRecords(view: View, broker: BrokerImage, offline: readonly string[]): MetadataRecord[] {
  const left = broker.directories.filter((directory) => !offline.includes(directory));
  if (left.length === broker.directories.length) return [];
  const change = registrationChange(broker, { logDirs: left });
  return [change, ...recordsWithoutDirectories(viewAfter(view, [change]), { ...broker, directories: left })];
}

/** Takes out of service all who were not heard of for a session, as one: what the first led does not go to the next. */
export function fenceExpired(state: ControllerState, now: number): MetadataRecord[] {
  const expired = state.image.brokers.all().filter((broker) => !broker.fenced && !state.sessions.isLive(broker.id, broker.epoch, now));
  return fencingRecords(state, expired);
}

/** The incarnation is known to be gone. Says nothing about one that came after it. */
export function fenceVanished(state: ControllerState, brokerId: number, brokerEpoch: bigint): MetadataRecord[] {
  const broker = state.image.brokers.get(brokerId);
  return broker === undefined || broker.epoch !== brokerEpoch || broker.fenced ? [] : fencingRecords(state, [broker]);
}
