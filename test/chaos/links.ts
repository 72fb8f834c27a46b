import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { LinkConnection } from './link-connection.ts';

/** What happens to bytes on their way from one broker to another. */
export interface LinkCondition {
  /** Nothing passes; connections stay, as with a router that drops packets. What was sent waits, as TCP would repeat it. */
  readonly isCut?: boolean;
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

const whole: LinkCondition = {};

interface Door {
  readonly from: number;
  readonly to: number;
  readonly host: string;
  readonly port: number;
  readonly targetPort: number;
  server: Server | undefined;
}

/**
 * The network between brokers: each broker dials each other one through a proxy of its own. A condition belongs to a direction of bytes,
 * whoever has dialled: with 1→2 cut, neither the requests of 1 to 2 nor its answers to 2 pass.
 */
export class Links {
  readonly #doors: Door[] = [];
  readonly #conditions = new Map<string, LinkCondition>();
  readonly #connections = new Set<LinkConnection>();

  /** Opens the way by which `from` dials `to`. Port 0 takes a free one. @returns the port that `from` has to dial */
  async open(from: number, to: number, place: { host?: string; port?: number; targetPort: number }): Promise<number> {
    const host = place.host ?? '127.0.0.1';
    const server = this.#serve(from, to, place.targetPort);
    const port = await listening(server, host, place.port ?? 0);
    this.#doors.push({ from, to, host, port, targetPort: place.targetPort, server });
    return port;
  }

  condition(from: number, to: number): LinkCondition {
    return this.#conditions.get(`${from}>${to}`) ?? whole;
  }

  /** From now on, for this direction only. */
  set(from: number, to: number, condition: LinkCondition): void {
    this.#conditions.set(`${from}>${to}`, condition);
    for (const connection of [...this.#connections]) if (connection.isBetween(from, to)) connection.conditionChanged();
  }

  /** Everything passes again, in all directions. What waited arrives now. */
  heal(): void {
    this.#conditions.clear();
    for (const connection of [...this.#connections]) connection.conditionChanged();
  }

  /** Breaks off all connections between two brokers, in the middle of a frame perhaps. */
  reset(a: number, b: number): void {
    for (const connection of [...this.#connections]) if (connection.isBetween(a, b) || connection.isBetween(b, a)) connection.reset();
  }

  /** The process of a broker is gone: who dials it is refused at once, as without proxies. */
  async down(id: number): Promise<void> {
    for (const door of this.#doors.filter(({ to }) => to === id)) {
      door.server?.close();
      door.server = undefined;
    }
  }

  async up(id: number): Promise<void> {
    for (const door of this.#doors.filter(({ to, server }) => to === id && server === undefined)) {
      door.server = this.#serve(door.from, door.to, door.targetPort);
      await listening(door.server, door.host, door.port);
    }
  }

  close(): void {
    for (const door of this.#doors) door.server?.close();
    for (const connection of [...this.#connections]) connection.reset();
  }

  #serve(from: number, to: number, targetPort: number): Server {
    return createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket: Socket) => {
      const connection = new LinkConnection(socket, {
        from,
        to,
        targetPort,
        condition: (source, sink) => this.condition(source, sink),
        onClose: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      connection.dial();
    });
  }
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
