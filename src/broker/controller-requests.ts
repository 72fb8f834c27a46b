import type { Address } from '#platform';
import { KafkaError } from '#protocol';
import { allocateProducerIds } from '#protocol/apis/allocate-producer-ids.ts';
import { envelope } from '#protocol/apis/envelope.ts';
import type { ControllerChannel } from './controller-channel.ts';

/** What a client has asked for waits for the controller as long as clients usually wait for an answer. */
export const forwardTimeoutMs = 30_000;
/** Whoever needs a producer id asks again: a controller that hangs is not waited for when there is another one. */
const allocateTimeoutMs = 1500;

/** A block of producer ids for this broker. @throws KafkaError, NetworkError */
export async function askForProducerIds(
  channel: ControllerChannel,
  broker: { brokerId: number; brokerEpoch: bigint },
): Promise<{ first: bigint; length: number }> {
  const response = await channel.send(allocateProducerIds, broker, {
    timeoutMs: allocateTimeoutMs,
    refusal: (answer) => answer.errorCode,
  });
  if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
  return { first: response.producerIdStart, length: response.producerIdLen };
}

/**
 * Has a client's request carried out by the controller, as it came (KIP-590).
 * @returns the controller's answer, as it is to go to the client
 * @throws KafkaError, NetworkError
 */
export async function forwardToController(
  channel: ControllerChannel,
  frame: Buffer,
  apiName: string,
  remote: Address | undefined,
): Promise<Buffer> {
  const response = await channel.send(
    envelope,
    { requestData: frame, requestPrincipal: null, clientHostAddress: Buffer.from(remote?.host ?? '') },
    { timeoutMs: forwardTimeoutMs, channel: `forward-${apiName}`, refusal: (answer) => answer.errorCode },
  );
  if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode);
  if (response.responseData === null) throw new KafkaError('UNKNOWN_SERVER_ERROR', 'the controller gave no answer to pass on');
  return response.responseData;
}
