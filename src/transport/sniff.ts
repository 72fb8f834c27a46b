export type WireProtocol = 'kafka' | 'tls' | 'http' | 'unknown';

/**
 * Tells from a connection's first byte what is spoken on it. A Kafka frame of at most 100 MiB (0x06400000) begins with the high byte of its
 * length, a TLS handshake with its record type, an HTTP request with the first letter of its method; no byte can be two of these.
 */
export function protocolOf(firstByte: number): WireProtocol {
  if (firstByte <= 0x06) return 'kafka';
  if (firstByte === 0x16) return 'tls';
  if (firstByte >= 0x41 && firstByte <= 0x5a) return 'http';
  return 'unknown';
}
