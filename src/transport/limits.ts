/** What one peer may take of a server. */
export interface ServerLimits {
  /** Requests of one connection that are being handled; more wait unread. */
  readonly maxUnanswered: number;
  /** The longest frame of a connection that is not trusted. */
  readonly maxUntrustedFrameBytes: number;
  /** socket.request.max.bytes: the longest frame of a trusted connection. */
  readonly maxFrameBytes: number;
  /** Answers that a peer has not read, in bytes, from which on no request of it is taken. */
  readonly maxPendingBytes: number;
  /** A connection must have sent its first byte by then. */
  readonly sniffTimeoutMs: number;
  /** A frame that has begun may stand still for that long. */
  readonly frameTimeoutMs: number;
  /** connections.max.idle.ms: a connection with nothing to do is closed after that. */
  readonly maxIdleMs: number;
  /** Answers may wait for a peer to read them for that long, and a second more for each 64 KiB of them. */
  readonly maxStallMs: number;
  /** max.connections, HTTP's included. */
  readonly maxConnections: number;
  /** max.connections.per.ip, HTTP's included. */
  readonly maxConnectionsPerIp: number;
}

/** Kafka's defaults where Kafka has the limit. */
export const defaultLimits: ServerLimits = {
  maxUnanswered: 5,
  maxUntrustedFrameBytes: 512 * 1024,
  maxFrameBytes: 100 * 1024 * 1024,
  maxPendingBytes: 8 * 1024 * 1024,
  sniffTimeoutMs: 5_000,
  frameTimeoutMs: 60_000,
  maxIdleMs: 600_000,
  maxStallMs: 60_000,
  maxConnections: 2_147_483_647,
  maxConnectionsPerIp: 2_147_483_647,
};

/** How long a peer may leave `pendingBytes` of answers unread. */
export function stallAllowanceMs(limits: ServerLimits, pendingBytes: number): number {
  return limits.maxStallMs + (pendingBytes / (64 * 1024)) * 1000;
}
