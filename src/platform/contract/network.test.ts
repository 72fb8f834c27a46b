import { describe, expect, test } from 'vitest';
import { type Connection, NetworkError } from '../index.ts';
import { implementations, type Surroundings } from './harness.ts';

describe.each(implementations)('the network ($name)', ({ run }) => {
  const check = (name: string, body: (surroundings: Surroundings) => Promise<void>): void => {
    test(name, () => run(body));
  };

  check('bytes arrive in order, both ways, and what is written before the connection is there is kept', async (surroundings) => {
    const { client, server, clientSide, serverSide } = await pair(surroundings);
    client.write([Buffer.from('a'), Buffer.from(''), Buffer.from('b')]);
    client.write([Buffer.from('c')]);
    await surroundings.until(() => serverSide.text() === 'hello abc');
    server().write([Buffer.from('answer')]);
    await surroundings.until(() => clientSide.text() === 'answer');

    expect(clientSide.events[0]).toBe('connect');
    expect(client.pendingBytes).toBe(0);
    client.destroy();
  });

  check('each end knows its address and the other one', async (surroundings) => {
    const { client, server, port, clientSide } = await pair(surroundings);
    await surroundings.until(() => clientSide.events.includes('connect'));

    expect(client.remote).toEqual({ host: surroundings.host, port });
    expect(server().local.port).toBe(port);
    expect(server().local.host).toBe(surroundings.host);
    expect(server().remote).toEqual(client.local);
    client.destroy();
  });

  check('a connection that was paused and resumed before anybody reads from it gives what came', async (surroundings) => {
    const { platform, host, until } = surroundings;
    let bytes = '';
    const listener = await platform.network.listen({ hosts: [host], port: 0 }, (connection) => {
      connection.pause();
      platform.clock.after(20, () => {
        connection.resume();
        connection.onData((part) => {
          bytes += part.toString();
        });
      });
    });
    const client = platform.network.connect({ host, port: listener.port });
    client.write([Buffer.from('hello')]);

    await until(() => bytes === 'hello');
    client.destroy();
    await listener.close();
  });

  check('large writes arrive whole, byte for byte', async (surroundings) => {
    const { client, serverSide } = await pair(surroundings);
    const bytes = surroundings.platform.random.bytes(3_000_000);
    for (let at = 0; at < bytes.length; at += 100_001)
      client.write([bytes.subarray(at, at + 50_000), bytes.subarray(at + 50_000, at + 100_001)]);
    await surroundings.until(() => serverSide.size() === 3_000_006);

    expect(serverSide.bytes().subarray(6).equals(bytes)).toBe(true);
    client.destroy();
  });

  check('a receiver that does not read holds the sender back, and drain tells when all has gone', async (surroundings) => {
    const { client, server, serverSide } = await pair(surroundings);
    await surroundings.until(() => serverSide.text() === 'hello ');
    server().pause();
    let drained = 0;
    client.onDrain(() => drained++);
    let written = 0;
    while (client.write([Buffer.alloc(100_000, 1)])) {
      written += 100_000;
      expect(written).toBeLessThan(50_000_000);
      await surroundings.until(() => true);
    }
    // Writing goes on in spite of the answer, as it may: nothing is lost.
    client.write([Buffer.alloc(20_000_000, 2)]);
    written += 20_100_000;
    expect(client.pendingBytes).toBeGreaterThan(1024 * 1024);
    const paused = serverSide.size();
    expect(drained).toBe(0);

    server().resume();
    await surroundings.until(() => drained === 1);
    await surroundings.until(() => serverSide.size() === written + 6);
    expect(client.pendingBytes).toBe(0);
    expect(paused).toBeLessThan(written);
    client.destroy();
  });

  check('nothing arrives while paused, nor after destroy', async (surroundings) => {
    const { client, server, serverSide } = await pair(surroundings);
    await surroundings.until(() => serverSide.text() === 'hello ');
    server().pause();
    client.write([Buffer.from('late')]);
    await wait(surroundings, 30);
    expect(serverSide.text()).toBe('hello ');
    server().resume();
    await surroundings.until(() => serverSide.text() === 'hello late');

    server().pause();
    client.write([Buffer.from('too late')]);
    await wait(surroundings, 30);
    server().resume();
    server().destroy();
    await surroundings.until(() => serverSide.events.length > 0);
    expect(serverSide.text()).toBe('hello late');
    expect(serverSide.events).toEqual(['close']);
  });

  check('no data is lost before its handler is set', async (surroundings) => {
    let accepted: Connection | undefined;
    const listener = await surroundings.platform.network.listen({ hosts: [surroundings.host], port: 0 }, (connection) => {
      accepted = connection;
    });
    const client = surroundings.platform.network.connect({ host: surroundings.host, port: listener.port });
    client.write([Buffer.from('early')]);
    await surroundings.until(() => accepted !== undefined);
    accepted!.resume();
    await wait(surroundings, 30);
    const received = record(accepted!);
    await surroundings.until(() => received.text() === 'early');
    client.destroy();
    await listener.close();
  });

  check('when one side ends, the other one ends too, and both close in good order', async (surroundings) => {
    const { client, clientSide, serverSide } = await pair(surroundings);
    client.write([Buffer.from('last words')]);
    client.end();
    client.write([Buffer.from('dropped')]);
    await surroundings.until(() => clientSide.closed() && serverSide.closed());

    expect(serverSide.text()).toBe('hello last words');
    expect(clientSide.events).toEqual(['connect', 'close']);
    expect(serverSide.events).toEqual(['close']);
  });

  check('with an onEnd handler a half-closed connection still carries answers', async (surroundings) => {
    const { client, server, clientSide, serverSide } = await pair(surroundings);
    server().onEnd(() => serverSide.events.push('end'));
    client.end();
    await surroundings.until(() => serverSide.events.includes('end'));
    await wait(surroundings, 20);
    expect(clientSide.closed()).toBe(false);
    server().write([Buffer.from('answer after the end')]);
    server().end();
    await surroundings.until(() => clientSide.closed() && serverSide.closed());

    expect(clientSide.text()).toBe('answer after the end');
    expect(serverSide.events).toEqual(['end', 'close']);
  });

  check('destroy closes both ends, each exactly once', async (surroundings) => {
    const { client, server, clientSide, serverSide } = await pair(surroundings);
    await surroundings.until(() => serverSide.text() === 'hello ');
    client.destroy();
    client.destroy();
    client.end();
    expect(clientSide.closed()).toBe(false);
    expect(client.write([Buffer.from('x')])).toBe(true);
    await surroundings.until(() => clientSide.closed() && serverSide.closed());
    server().destroy();
    await wait(surroundings, 20);

    expect(clientSide.events).toEqual(['connect', 'close']);
    expect(serverSide.events).toHaveLength(1);
    expect(client.pendingBytes).toBe(0);
  });

  check('who writes to an end that is gone gets an error', async (surroundings) => {
    const { client, server, clientSide, serverSide } = await pair(surroundings);
    client.onEnd(() => {});
    await surroundings.until(() => serverSide.text() === 'hello ');
    server().destroy();
    for (let attempt = 0; attempt < 200 && !clientSide.closed(); attempt++) {
      client.write([Buffer.from('anybody there?')]);
      await wait(surroundings, 5);
    }
    expect(clientSide.events.at(-1)).toMatch(/^close (ECONNRESET|EPIPE)$/);
  });

  check('where nobody listens a connection is refused', async (surroundings) => {
    const { network } = surroundings.platform;
    const listener = await network.listen({ hosts: [surroundings.host], port: 0 }, () => {});
    await listener.close();
    const side = record(network.connect({ host: surroundings.host, port: listener.port }));
    await surroundings.until(() => side.closed());
    expect(side.events).toEqual(['close ECONNREFUSED']);
  });

  check('a connection that is destroyed before it is there closes without an error', async (surroundings) => {
    const { network } = surroundings.platform;
    const accepted: Connection[] = [];
    const listener = await network.listen({ hosts: [surroundings.host], port: 0 }, (connection) => accepted.push(connection));
    const client = network.connect({ host: surroundings.host, port: listener.port }, { timeoutMs: 1000 });
    const side = record(client);
    client.destroy();
    await surroundings.until(() => side.closed());
    expect(side.events).toEqual(['close']);
    for (const connection of accepted) connection.destroy();
    await listener.close();
  });

  check('a port in use is refused by name, and is free after its listener has closed, though connections stay', async (surroundings) => {
    const { network } = surroundings.platform;
    const { client, server, port, listener, clientSide } = await pair(surroundings);
    const again = network.listen({ hosts: [surroundings.host], port }, () => {});
    await expect(again).rejects.toThrow(NetworkError);
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });

    await listener.close();
    await listener.close();
    const second = await network.listen({ hosts: [surroundings.host], port }, () => {});
    expect(second.port).toBe(port);
    server().write([Buffer.from('still here')]);
    await surroundings.until(() => clientSide.text() === 'still here');
    client.destroy();
    await second.close();
  });

  check('both loopback addresses share one port, and an address of another machine is refused', async (surroundings) => {
    const { network } = surroundings.platform;
    const side: Connection[] = [];
    const listener = await network.listen({ hosts: ['127.0.0.1', '::1'], port: 0 }, (connection) => side.push(connection));
    for (const host of ['127.0.0.1', 'localhost']) {
      const client = network.connect({ host, port: listener.port });
      const before = side.length;
      await surroundings.until(() => side.length > before);
      client.destroy();
    }
    await listener.close();
    await expect(network.listen({ hosts: ['127.0.0.1', '192.0.2.1'], port: 0 }, () => {})).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });
});

interface Side {
  events: string[];
  text(): string;
  bytes(): Buffer;
  size(): number;
  closed(): boolean;
}

/** Notes all that an end of a connection sees. */
function record(connection: Connection): Side {
  const events: string[] = [];
  const chunks: Buffer[] = [];
  connection.onConnect(() => events.push('connect'));
  connection.onData((bytes) => chunks.push(bytes));
  connection.onClose((error) => events.push(error ? `close ${error.code}` : 'close'));
  return {
    events,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    size: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    closed: () => events.some((event) => event.startsWith('close')),
  };
}

/** A client that said 'hello ' and the server's end of its connection. */
async function pair(surroundings: Surroundings) {
  const { network } = surroundings.platform;
  let accepted: Connection | undefined;
  let serverSide: Side | undefined;
  const listener = await network.listen({ hosts: [surroundings.host], port: 0 }, (connection) => {
    accepted = connection;
    serverSide = record(connection);
  });
  const client = network.connect({ host: surroundings.host, port: listener.port });
  const clientSide = record(client);
  expect(client.write([Buffer.from('hello ')])).toBe(true);
  await surroundings.until(() => accepted !== undefined);
  return { client, clientSide, server: () => accepted!, serverSide: serverSide!, listener, port: listener.port };
}

async function wait(surroundings: Surroundings, forMs: number): Promise<void> {
  const end = surroundings.platform.clock.monotonic() + forMs;
  await surroundings.until(() => surroundings.platform.clock.monotonic() >= end);
}
