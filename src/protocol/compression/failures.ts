import { KafkaError } from '../errors.ts';

/** What is inside does not follow its format. The checksum of a batch does not find this: the producer sent it so. */
export function malformed(codec: string, detail: string, options?: ErrorOptions): KafkaError {
  return new KafkaError('INVALID_RECORD', `malformed ${codec} data: ${detail}`, options);
}

/** A bound on the decompressed size was reached. */
export function tooLarge(codec: string, maxBytes: number): KafkaError {
  return new KafkaError('MESSAGE_TOO_LARGE', `${codec} data inflates to more than the allowed ${maxBytes} bytes`);
}
