import { NetworkError } from '../network.ts';
import { errorCode } from './disk-error.ts';

/** What a socket or server failed with, as a NetworkError. `doing` names the act and the address. */
export function toNetworkError(error: unknown, doing: string): NetworkError {
  if (error instanceof NetworkError) return error;
  const code = errorCode(error) ?? 'EIO';
  return new NetworkError(code, `${doing}: ${reasons.get(code) ?? 'failed'} (${code})`, { cause: error });
}

const reasons = new Map([
  ['EACCES', 'not permitted'],
  ['EADDRINUSE', 'the port is in use'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EAFNOSUPPORT', 'this machine lacks the address family'],
  ['ECONNREFUSED', 'nobody listens there'],
  ['ECONNRESET', 'the other side broke the connection off'],
  ['EHOSTUNREACH', 'the host cannot be reached'],
  ['ENETUNREACH', 'the network cannot be reached'],
  ['ENOTFOUND', 'the host name is not known'],
  ['EPIPE', 'the other side has closed the connection'],
  ['ETIMEDOUT', 'no answer in time'],
]);
