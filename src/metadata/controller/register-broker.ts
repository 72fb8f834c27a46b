import type { ErrorName } from '#protocol';
import type { BrokerRegistrationRequest, BrokerRegistrationResponseInput } from '#protocol/apis/broker-registration.ts';
import { isReservedDirectory } from '../image/directory-ids.ts';
import type { BrokerImage } from '../image/image.ts';
import { metadataVersionFeature } from '../image/metadata-versions.ts';
import { brokerRecord, metadataVersionOf } from '../image/records.ts';
import { newIncarnationRecords } from './new-incarnation.ts';
import type { ControllerState, Decision } from './state.ts';

/**
 * A broker that has started becomes known, out of service as yet. Its epoch is the offset of its registration, so that whatever
 * an earlier incarnation says can be told by its lower epoch (M6).
 */
export function registerBroker(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  now: number,
): Decision<BrokerRegistrationResponseInput> {
  const known = state.image.brokers.get(request.brokerId);
  const refusal = reasonToRefuse(state, request, known, now);
  if (refusal !== undefined) return { records: [], response: { throttleTimeMs: 0, errorCode: refusal } };
  // Sent again because the answer was lost: the same epoch, and no change of state.
  const again = known?.incarnationId === request.incarnationId && known.directories.join() === request.logDirs.join();
  const moved = again ? [] : newIncarnationRecords(state, request);
  const epoch = again ? known.epoch : state.nextOffset + BigInt(moved.length);
  const broker: BrokerImage = {
    id: request.brokerId,
    epoch,
    incarnationId: request.incarnationId,
    endpoints: request.listeners,
    features: request.features.map((feature) => ({
      name: feature.name,
      min: feature.minSupportedVersion,
      max: feature.maxSupportedVersion,
    })),
    rack: request.rack,
    fenced: again ? known.fenced : true,
    inControlledShutdown: again ? known.inControlledShutdown : false,
    isMigratingZkBroker: false,
    directories: request.logDirs,
    cordonedDirectories: null,
  };
  return { records: [...moved, brokerRecord(broker)], response: { throttleTimeMs: 0, errorCode: 'NONE', brokerEpoch: epoch } };
}

function reasonToRefuse(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  known: BrokerImage | undefined,
  now: number,
): ErrorName | undefined {
  if (request.clusterId !== state.clusterId) return 'INCONSISTENT_CLUSTER_ID';
  if (request.brokerId < 0 || request.listeners.length === 0 || request.logDirs.length === 0) return 'INVALID_REGISTRATION';
  if (request.isMigratingZkBroker || new Set(request.logDirs).size !== request.logDirs.length) return 'INVALID_REGISTRATION';
  if (request.logDirs.some(isReservedDirectory)) return 'INVALID_REGISTRATION';
  if (!understandsMetadata(state, request)) return 'UNSUPPORTED_VERSION';
  const others = state.image.brokers.all().filter(({ id }) => id !== request.brokerId);
  if (others.some(({ directories }) => directories.some((directory) => request.logDirs.includes(directory))))
    return 'DUPLICATE_BROKER_REGISTRATION';
  if (known === undefined || known.incarnationId === request.incarnationId) return undefined;
  const mayLive = state.sessions.isLive(known.id, known.epoch, now) && !known.inControlledShutdown;
  return mayLive && !isSuccessor(known, request, state.settings.addressNow) ? 'DUPLICATE_BROKER_REGISTRATION' : undefined;
}

/** A broker has to read what the log may hold at the finalized levels. */
function understandsMetadata(state: ControllerState, request: BrokerRegistrationRequest): boolean {
  const finalized = new Map(state.image.features).set(metadataVersionFeature, metadataVersionOf(state.image));
  return [...finalized].every(([feature, level]) => {
    const range = request.features.find(({ name }) => name === feature);
    return range !== undefined && range.minSupportedVersion <= level && level <= range.maxSupportedVersion;
  });
}

/**
 * A process that holds the lock of the same data directory and listens at the same address: the incarnation before it cannot live, so a
 * broker that was killed need not wait until its session is over.
 */
function isSuccessor(
  known: BrokerImage,
  request: BrokerRegistrationRequest,
  addressNow: ControllerState['settings']['addressNow'],
): boolean {
  const address = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
  return (
    known.directories.join() === request.logDirs.join() &&
    known.endpoints.map((endpoint) => address(addressNow(endpoint))).join() === request.listeners.map(address).join()
  );
}
