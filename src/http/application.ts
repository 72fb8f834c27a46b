import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Address, Logger } from '#platform';
import type { Guard } from './guard.ts';
import type { HttpTimes } from './http-times.ts';
import { HttpProblem } from './problem.ts';
import { consumeRoute } from './routes/consume.ts';
import type { Answer, RouteContext } from './routes/context.ts';
import { createTopicRoute } from './routes/create-topic.ts';
import { commitOffsetsRoute, deleteOffsetsRoute, groupOffsetsRoute, resetOffsetsRoute } from './routes/group-offsets.ts';
import { deleteGroupRoute, describeGroupRoute, listGroupsRoute } from './routes/groups.ts';
import { healthRoute, readinessRoute } from './routes/health.ts';
import { listTopicsRoute } from './routes/list-topics.ts';
import { metadataRoute } from './routes/metadata.ts';
import { metricsRoute } from './routes/metrics.ts';
import { produceRoute } from './routes/produce.ts';

/** Bounds on what a client may send, and on the time it may take. */
export interface HttpLimits {
  /** A longer body is refused with 413. */
  bodyBytes: number;
  /** From the connection, or the end of the last answer, to the end of the next request's headers; 408 after that. */
  headersTimeoutMs: number;
  /** The same up to the end of the body. */
  requestTimeoutMs: number;
  /** How long a connection may be idle between two requests. */
  keepAliveTimeoutMs: number;
  /** How often the timeouts above are looked at. */
  checkIntervalMs: number;
}

export const defaultLimits: HttpLimits = {
  bodyBytes: 4 * 1024 * 1024,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  checkIntervalMs: 1_000,
};

const jsonType = 'application/json; charset=utf-8';

/** What a request brings. */
interface Input {
  readonly body: Buffer;
  readonly query: Readonly<Record<string, unknown>>;
  /** Of the path: the name of a group. */
  readonly group: string;
  /** Which types of answers the client takes. */
  readonly accept: string;
  /** Which of our addresses was dialled. */
  readonly local: Address | undefined;
}

interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  answer(input: Input, context: RouteContext): Promise<Answer>;
}

/** Longer names of groups are not found in paths; Kafka sets no limit that anybody would meet. */
const longestName = 1_000;

/** Every path there is. GET answers HEAD too. */
const routes: readonly Route[] = [
  { method: 'POST', path: '/create-topic', answer: ({ body }, context) => createTopicRoute(body, context) },
  { method: 'GET', path: '/list-topics', answer: (_, context) => listTopicsRoute(context) },
  { method: 'GET', path: '/metadata', answer: ({ local }, context) => metadataRoute(context, local) },
  { method: 'POST', path: '/produce', answer: ({ body }, context) => produceRoute(body, context) },
  { method: 'GET', path: '/consume', answer: ({ query }, context) => consumeRoute(query, context) },
  { method: 'GET', path: '/groups', answer: (_, context) => listGroupsRoute(context) },
  { method: 'GET', path: '/groups/{group}', answer: ({ group }, context) => describeGroupRoute(group, context) },
  { method: 'DELETE', path: '/groups/{group}', answer: ({ group }, context) => deleteGroupRoute(group, context) },
  { method: 'GET', path: '/groups/{group}/offsets', answer: ({ group }, context) => groupOffsetsRoute(group, context) },
  { method: 'PUT', path: '/groups/{group}/offsets', answer: ({ group, body }, context) => commitOffsetsRoute(group, body, context) },
  { method: 'DELETE', path: '/groups/{group}/offsets', answer: ({ group, query }, context) => deleteOffsetsRoute(group, query, context) },
  { method: 'POST', path: '/groups/{group}/offsets/reset', answer: ({ group, body }, context) => resetOffsetsRoute(group, body, context) },
  { method: 'GET', path: '/healthz', answer: () => healthRoute() },
  { method: 'GET', path: '/readyz', answer: (_, context) => readinessRoute(context) },
  { method: 'GET', path: '/metrics', answer: ({ query, accept }, context) => metricsRoute(query, accept, context) },
];

const noBody = Buffer.alloc(0);

/** The routes in a Fastify application whose server listens nowhere: sockets are handed to it with `server.emit('connection', socket)`. */
export async function buildApplication(
  context: RouteContext,
  options: { limits: HttpLimits; log: Logger; times: HttpTimes; guard: Guard; gate?: (() => Promise<void>) | undefined },
): Promise<{ application: FastifyInstance; server: Server }> {
  const { limits, log, times, guard, gate } = options;
  let server: Server | undefined;
  const application = fastify({
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: longestName },
    // One wildcard parser takes bodies of any type: curl sends JSON as a form unless it is told otherwise.
    serverFactory: (handler) => {
      server = createServer(
        {
          headersTimeout: limits.headersTimeoutMs,
          requestTimeout: limits.requestTimeoutMs,
          keepAliveTimeout: limits.keepAliveTimeoutMs,
          connectionsCheckingInterval: limits.checkIntervalMs,
        },
        handler,
      );
      return server;
    },
    clientErrorHandler: (error, socket) => refuse(socket as Socket, error),
    frameworkErrors: (error, _request, reply) => fail(reply as FastifyReply, error, log),
  });
  if (gate !== undefined) application.addHook('onRequest', gate);
  application.removeAllContentTypeParsers();
  application.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  application.addHook('onResponse', (request, reply, done) => {
    times.observe(request.method, patternOf(request.routeOptions.url), reply.statusCode, reply.elapsedTime);
    done();
  });
  application.addHook('onRequest', (request, reply, done) => {
    const { method, headers } = request.raw;
    let foreignOrigin: string | undefined;
    try {
      foreignOrigin = guard.admit(method ?? 'GET', headers);
    } catch (refusal) {
      done(refusal as Error);
      return;
    }
    if (foreignOrigin !== undefined) {
      reply.headers(forPagesOf(foreignOrigin));
      if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
        reply.code(204).headers(leave(headers)).send();
        return;
      }
    }
    done();
  });
  for (const { method, path, answer } of routes) {
    application.route({
      method,
      url: path.replace('{group}', ':group'),
      handler: async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : noBody;
        const { group = '' } = request.params as { group?: string };
        if (group === '' && path.includes('{group}')) throw noSuchRoute(request.method, request.url);
        const { accept = '' } = request.headers;
        const input = { body, query: request.query as Record<string, unknown>, group, accept, local: dialled(request.socket) };
        const { status, json, text, contentType = jsonType } = await answer(input, context);
        reply.code(status);
        const content = json ?? text;
        if (content !== undefined) reply.header('content-type', contentType);
        return reply.send(content);
      },
    });
  }
  application.setErrorHandler((error: FastifyError, _request, reply) => fail(reply, error, log));
  application.setNotFoundHandler((request, reply) => fail(reply, noSuchRoute(request.method, request.url), log));
  await application.ready();
  if (server === undefined) throw new Error('Fastify made no server');
  return { application, server };
}

/** A route as the documentation writes it; empty where there is none. */
function patternOf(url: string | undefined): string {
  return url?.replace(':group', '{group}') ?? '';
}

/** With these a browser shows the answer to pages of that origin. */
function forPagesOf(origin: string): Record<string, string> {
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'retry-after', vary: 'Origin' };
}

/** What a browser that asks beforehand is told about the request that it means to make for a page. */
function leave(headers: IncomingHttpHeaders): Record<string, string> {
  return {
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '600',
    ...(headers['access-control-request-private-network'] === 'true' && { 'access-control-allow-private-network': 'true' }),
  };
}

/** Undefined for a request that came by no socket. */
function dialled({ localAddress, localPort }: Partial<Socket>): Address | undefined {
  if (!localAddress || localPort === undefined) return undefined;
  return { host: localAddress.replace(/^::ffff:(?=\d+\.)/, ''), port: localPort };
}

function noSuchRoute(method: string, url: string): HttpProblem {
  const path = url.split('?', 1)[0] ?? '';
  const methods = routes.filter((route) => isOn(route, path)).map((route) => route.method);
  if (methods.length > 0) {
    const allowed = methods.flatMap((known) => (known === 'GET' ? ['GET', 'HEAD'] : [known])).join(', ');
    return new HttpProblem(405, 'METHOD_NOT_ALLOWED', `${path} takes ${allowed}, not ${method}.`, { headers: { allow: allowed } });
  }
  const known = routes.map((route) => `${route.method} ${route.path}`).join(', ');
  return new HttpProblem(404, 'NOT_FOUND', `There is no such path. These are: ${known}.`);
}

function isOn({ path }: Route, asked: string): boolean {
  const [wanted, parts] = [path.split('/'), asked.split('/')];
  return (
    wanted.length === parts.length && wanted.every((part, index) => part === parts[index] || (part === '{group}' && parts[index] !== ''))
  );
}

function fail(reply: FastifyReply, thrown: Error, log: Logger): FastifyReply {
  const problem = asProblem(thrown, log);
  return reply.code(problem.status).headers(problem.headers).header('content-type', jsonType).send(problem.toJson());
}

/** Answers what never became a request, and hangs up: no later byte of it can be understood. */
function refuse(socket: Socket, error: Error & { code?: string }): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, problem] = unreadable(error.code);
  const body = problem.toJson();
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${jsonType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body);
  socket.destroySoon();
}

function unreadable(code: string | undefined): [status: string, problem: HttpProblem] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return ['408 Request Timeout', new HttpProblem(408, 'REQUEST_TIMED_OUT', 'The request came too slowly.')];
  if (code === 'HPE_HEADER_OVERFLOW')
    return ['431 Request Header Fields Too Large', new HttpProblem(431, 'INVALID_REQUEST', 'The headers are too large.')];
  return ['400 Bad Request', new HttpProblem(400, 'INVALID_REQUEST', 'This is not an HTTP request that can be understood.')];
}

function asProblem(thrown: Error & { statusCode?: number; code?: string }, log: Logger): HttpProblem {
  if (thrown instanceof HttpProblem) return thrown;
  if (thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new HttpProblem(413, 'MESSAGE_TOO_LARGE', 'The body is larger than this server takes.');
  if (thrown.statusCode !== undefined && thrown.statusCode >= 400 && thrown.statusCode < 500) {
    return new HttpProblem(thrown.statusCode, 'INVALID_REQUEST', thrown.message);
  }
  log.error({ err: thrown }, 'an HTTP request failed in a way that nobody expected');
  return new HttpProblem(500, 'UNKNOWN_SERVER_ERROR', 'The broker failed in a way it did not expect; its log says more.');
}
