import type { ErrorName } from '#protocol';
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponseInput } from '#protocol/apis/broker-heartbeat.ts';
import type { BrokerImage } from '../image/image.ts';
import { directoryFailureRecords, fencingRecords, handOverRecords, unfencingRecords } from './fencing.ts';
import type { ControllerState, Decision } from './state.ts';

type Answer = BrokerHeartbeatResponseInput;

/** The answer to a heartbeat that changed nothing. */
export function refusal(errorCode: ErrorName): Answer {
  return { throttleTimeMs: 0, errorCode, isCaughtUp: false, isFenced: true, shouldShutDown: false };
}

/** A broker lives: it is put into service, kept there, or let go. Counts as heard of by the act itself, whatever becomes of the records. */
export function brokerHeartbeat(state: ControllerState, request: BrokerHeartbeatRequest, now: number): Decision<Answer> {
  const broker = state.image.brokers.get(request.brokerId);
  if (broker === undefined) return { records: [], response: refusal('BROKER_ID_NOT_REGISTERED') };
  if (broker.epoch !== request.brokerEpoch) return { records: [], response: refusal('STALE_BROKER_EPOCH') };
  const isCaughtUp = request.currentMetadataOffset >= broker.epoch;
  const wantFence = request.wantFence || losesAllDirectories(broker, request.offlineLogDirs);
  const joining = broker.fenced && isCaughtUp && !wantFence && !request.wantShutDown;
  state.sessions.touch(broker.id, broker.epoch, request.currentMetadataOffset, joining, now);
  const answer = (isFenced: boolean, shouldShutDown: boolean): Answer => ({
    throttleTimeMs: 0,
    errorCode: 'NONE',
    isCaughtUp,
    isFenced,
    shouldShutDown,
  });
  if (request.wantShutDown) return leave(state, broker, answer);
  if (wantFence) return { records: broker.fenced ? [] : fencingRecords(state, [broker]), response: answer(true, false) };
  // Who was told that a topic exists may ask this broker for it as soon as it is in service.
  if (joining && request.currentMetadataOffset >= state.answeredOffset) {
    return { records: unfencingRecords(state, broker), response: answer(false, false) };
  }
  return { records: directoryFailureRecords(state, broker, request.offlineLogDirs), response: answer(broker.fenced, false) };
}

/** Controlled shutdown: what others can lead goes to them first; when nothing of that is left the broker is fenced and may go. */
function leave(
  state: ControllerState,
  broker: BrokerImage,
  answer: (isFenced: boolean, shouldShutDown: boolean) => Answer,
): Decision<Answer> {
  if (broker.fenced) return { records: [], response: answer(true, true) };
  const handedOver = handOverRecords(state, broker);
  if (handedOver.length > 0) return { records: handedOver, response: answer(false, false) };
  return { records: fencingRecords(state, [broker], { inControlledShutdown: 1 }), response: answer(true, true) };
}

function losesAllDirectories(broker: BrokerImage, offline: readonly string[]): boolean {
  return offline.length > 0 && broker.directories.every((directory) => offline.includes(directory));
}
