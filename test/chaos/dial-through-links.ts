/**
 * Loaded into a broker process before the program (`node --import`): what the broker dials, it dials through its links, which
 * CHAOS_LINKS names as JSON [[port of the other broker, port of the link], ...]. The program itself knows nothing of it.
 */
import net from 'node:net';

const links = new Map(JSON.parse(process.env['CHAOS_LINKS'] ?? '[]') as [number, number][]);
const connect = net.connect as (...args: unknown[]) => net.Socket;

net.connect = ((options: unknown, ...rest: unknown[]) => {
  const link = isAddress(options) ? links.get(options.port) : undefined;
  return connect.call(net, link === undefined ? options : { ...(options as object), host: '127.0.0.1', port: link }, ...rest);
}) as typeof net.connect;

function isAddress(options: unknown): options is { port: number } {
  return typeof options === 'object' && options !== null && typeof (options as { port?: unknown }).port === 'number';
}
