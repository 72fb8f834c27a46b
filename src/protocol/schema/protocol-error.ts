/** Bytes that are not what Kafka's protocol says they must be: truncated, a count that cannot be, bad UTF-8, an unknown API. */
export class ProtocolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProtocolError';
  }
}
