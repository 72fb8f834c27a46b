import type { Address, Clock, Network } from '#platform';

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
}

const timeoutMs = 6000;
const headersEnd = Buffer.from('\r\n\r\n');

/** One request over a connection of its own, as a small program without a library would send it. Undefined: no answer, the outcome is unknown. */
export function exchange(
  { network, clock }: { network: Network; clock: Clock },
  to: Address,
  request: { method: 'GET' | 'POST'; path: string; body?: string },
): Promise<HttpResponse | undefined> {
  return new Promise((resolve) => {
    const connection = network.connect(to);
    let received = Buffer.alloc(0);
    const timer = clock.after(timeoutMs, () => connection.destroy());
    const finish = (response: HttpResponse | undefined): void => {
      timer.cancel();
      resolve(response);
      connection.destroy();
    };
    connection.onData((bytes) => {
      received = Buffer.concat([received, bytes]);
      const response = parse(received);
      if (response !== undefined) finish(response);
    });
    connection.onClose(() => finish(undefined));
    const body = Buffer.from(request.body ?? '');
    const head = `${request.method} ${request.path} HTTP/1.1\r\nhost: ${to.host}:${to.port}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    connection.write([Buffer.from(head), body]);
  });
}

/** The response when all of it is there. */
function parse(received: Buffer): HttpResponse | undefined {
  const end = received.indexOf(headersEnd);
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end).toLowerCase();
  const status = Number(/^http\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
  const body = received.subarray(end + headersEnd.length);
  return body.length < length ? undefined : { status, body: body.toString('utf8', 0, length) };
}
