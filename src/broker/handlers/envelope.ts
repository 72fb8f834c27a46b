import { KafkaError, ProtocolError, type ResponseInput } from '#protocol';
import { envelope } from '#protocol/apis/envelope.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { handler } from '../handler.ts';

/** Envelope: carry out this request for another broker's client (KIP-590). */
export function handleEnvelope(dispatcher: () => Dispatcher) {
  return handler(envelope, '0', async (request, context): Promise<ResponseInput<typeof envelope>> => {
    if (!context.controller.isActive) throw new KafkaError('NOT_CONTROLLER');
    try {
      return { responseData: await dispatcher().dispatchForwarded(request.requestData, context.remote), errorCode: 'NONE' };
    } catch (error) {
      if (error instanceof ProtocolError) throw new KafkaError('INVALID_REQUEST', error.message, { cause: error });
      throw error;
    }
  });
}
