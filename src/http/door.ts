import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { RequestRouter } from '#broker';
import type { Metrics } from '#metrics';
import type { Clock, Logger } from '#platform';
import type { HttpLimits } from './application.ts';
import { Guard, type HttpAccess } from './guard.ts';
import { HttpTimes } from './http-times.ts';
import { MessageProducer } from './message-producer.ts';
import { MessageReader } from './message-reader.ts';
import { defaultPatience, type Patience } from './patience.ts';

/** The HTTP side of a broker: it listens nowhere itself, the broker's one port hands it the sockets that begin with a letter. */
export interface HttpDoor {
  /** Takes over a socket; what was read from it already has been put back in front. */
  handle(socket: Socket): void;
  /** Lets the requests under way finish, up to `graceMs` (default 5,000), then closes every connection. */
  close(options?: { graceMs?: number }): Promise<void>;
  /** Runs a request without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>;
}

export interface HttpDoorOptions {
  router: RequestRouter;
  clock: Clock;
  log: Logger;
  limits?: Partial<HttpLimits>;
  /** How long a request that comes before the cluster is ready waits for it (default 5,000). */
  readyWaitMs?: number;
  patience?: Partial<Patience>;
  /** Waited for before a request is looked at: for a broker that is to seem out of reach. */
  gate?: () => Promise<void>;
  /** Whom to trust beside loopback, addresses and the brokers' own names. Default: nobody. */
  access?: HttpAccess;
}

/** Makes the door. Fastify is loaded when the first socket or request comes, as it would take a good part of a broker's start. */
export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  return new LazyHttpDoor(options);
}

type Running = { application: FastifyInstance; server: Server };

class LazyHttpDoor implements HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #sockets = new Set<Socket>();
  #loading: Promise<Running> | undefined;
  #running: Running | undefined;
  #closing = false;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
  }

  handle(socket: Socket): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    if (this.#running !== undefined) {
      giveTo(this.#running.server, socket);
      return;
    }
    // Until there is a server to do it, somebody must hear of a reset, or it would end the process.
    const ignore = () => {};
    socket.on('error', ignore);
    this.#load().then(
      ({ server }) => {
        socket.off('error', ignore);
        if (!socket.destroyed) giveTo(server, socket);
      },
      (error: unknown) => {
        this.#options.log.error({ err: error }, 'the HTTP side could not be loaded');
        socket.destroy();
      },
    );
  }

  async inject(request: InjectOptions | string): Promise<LightMyRequestResponse> {
    const { application } = await this.#load();
    return application.inject(request);
  }

  async close({ graceMs = 5_000 }: { graceMs?: number } = {}): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#loading !== undefined) await this.#drain(await this.#loading, graceMs);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #drain({ application, server }: Running, graceMs: number): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + graceMs;
    server.closeIdleConnections();
    // A connection under way becomes idle with its answer, which Node does not tell.
    await new Promise<void>((resolve) => {
      const look = () => {
        server.closeIdleConnections();
        if (this.#sockets.size === 0 || clock.monotonic() >= deadline) resolve();
        else clock.after(20, look);
      };
      look();
    });
    server.closeAllConnections();
    await application.close();
    // Fastify leaves alone what never listened; without this the timer by which Node looks after connections, and all that hangs on it, stays.
    server.close();
  }

  #load(): Promise<Running> {
    this.#loading ??= this.#build();
    return this.#loading;
  }

  async #build(): Promise<Running> {
    const { router, clock, log, limits, readyWaitMs = 5_000, access = { hosts: [], origins: [] }, gate } = this.#options;
    const patience = { ...defaultPatience, ...this.#options.patience };
    const { buildApplication, defaultLimits } = await import('./application.ts');
    const times = new HttpTimes();
    const context = {
      router,
      clock,
      producer: new MessageProducer({ router, clock, patience }),
      reader: new MessageReader({ router, clock, patience }),
      patience,
      readyWaitMs,
      metrics: lazyMetrics({ router, http: times, clock, log }),
    };
    const guard = new Guard(access, () => router.image.brokers.all().flatMap(({ endpoints }) => endpoints.map(({ host }) => host)));
    const running = await buildApplication(context, { limits: { ...defaultLimits, ...limits }, log, times, guard, gate });
    // Node starts to enforce headersTimeout and requestTimeout when its server listens; this one never will, so it is told that it does.
    running.server.emit('listening');
    this.#running = running;
    return running;
  }
}

/** What only those pay for who scrape. */
function lazyMetrics({ router, ...rest }: { router: RequestRouter; http: HttpTimes; clock: Clock; log: Logger }) {
  const { telemetry } = router;
  let made: Promise<Metrics> | undefined;
  return async (): Promise<Metrics | undefined> => {
    if (telemetry === undefined) return undefined;
    made ??= import('#metrics').then(({ Metrics }) => new Metrics({ telemetry, router, ...rest }));
    return made;
  };
}

function giveTo(server: Server, socket: Socket): void {
  server.emit('connection', socket);
  // One that was paused to be handed over stays so by itself, and what was put back in front would never be read.
  if (socket.isPaused()) socket.resume();
}
