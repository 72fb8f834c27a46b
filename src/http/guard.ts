import type { IncomingHttpHeaders } from 'node:http';
import { HttpProblem } from './problem.ts';

/** Whom HTTP trusts beside those that need no saying. */
export interface HttpAccess {
  /** Further names that this server is reached by: `kafka.example.org`, `*.example.org` for all below it, `*` for any. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may read and write here: `https://app.example.org`, or `*` for any. */
  readonly origins: readonly string[];
}

/** So many Host headers that were found good are remembered. */
const mostRemembered = 100;
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Keeps web pages out that have no business here. A page may have its visitor's browser send requests to this server, which believes those that reach it
 * until there is authentication: from another site by a form or `fetch`, and with the page's own name pointed at this machine (DNS
 * rebinding) so that the browser takes both for one site. Browsers tell on behalf of whom they ask (`Origin`, `Sec-Fetch-Site`), and by which name (`Host`).
 * Programs such as curl do not, and may send what they like.
 */
export class Guard {
  readonly #access: HttpAccess;
  readonly #brokerHosts: () => Iterable<string>;
  readonly #goodHosts = new Set<string>();

  /** @param brokerHosts the names that brokers of the cluster are known by */
  constructor(access: HttpAccess, brokerHosts: () => Iterable<string>) {
    this.#access = access;
    this.#brokerHosts = brokerHosts;
  }

  /**
   * @returns the foreign origin whose pages may see the answer; undefined where there is none
   * @throws HttpProblem 403 for a name or an origin that is not known here, 415 for a browser's body that is not called JSON
   */
  admit(method: string, headers: IncomingHttpHeaders): string | undefined {
    const { host, origin } = headers;
    if (host !== undefined && !this.#goodHosts.has(host)) this.#checkHost(host);
    const site = headers['sec-fetch-site'];
    if (origin === undefined && site === undefined) return undefined;

    const foreign = origin === undefined || isOwn(origin, host) ? undefined : origin;
    if (foreign !== undefined) this.#checkOrigin(foreign);
    // Without an Origin it is no request that a page could read the answer of, but one that it causes: a picture, say. A link may be followed.
    else if (origin === undefined && site !== 'same-origin' && site !== 'none' && !isVisit(method, headers)) throw crossSite(String(site));
    if (methodsWithBody.has(method) && !isJson(headers['content-type'])) throw notJson(headers['content-type']);
    return foreign;
  }

  #checkHost(header: string): void {
    const name = nameIn(header);
    if (!isHarmless(name) && !this.#access.hosts.some((pattern) => matches(pattern, name)) && !this.#isOfBroker(name)) {
      throw new HttpProblem(
        403,
        'HOST_NOT_ALLOWED',
        `This server is not known as ${quoted(name)}. If it is to be, start it with --config http.allowed.hosts=${shown(name)}; see docs/operating/http-api.md.`,
      );
    }
    if (this.#goodHosts.size < mostRemembered) this.#goodHosts.add(header);
  }

  #isOfBroker(name: string): boolean {
    for (const host of this.#brokerHosts()) if (host.toLowerCase() === name) return true;
    return false;
  }

  #checkOrigin(origin: string): void {
    const { origins } = this.#access;
    if (origins.includes('*') || origins.includes(origin)) return;
    throw new HttpProblem(
      403,
      'ORIGIN_NOT_ALLOWED',
      `Web pages of ${quoted(origin)} may not use this server. If they are to, start it with --config http.allowed.origins=${shown(origin)}; see docs/operating/http-api.md.`,
    );
  }
}

/** Names that no stranger can have pointed at this machine: addresses, loopback's, and names without a place in the public name system. */
function isHarmless(name: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':')) return true;
  return !name.includes('.') || name.endsWith('.localhost') || name.endsWith('.internal');
}

function matches(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted === '*' || wanted === name || (wanted.startsWith('*.') && name.endsWith(wanted.slice(1)));
}

/** The name in a Host header: no port, no brackets, no stop at its end. */
function nameIn(header: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header.trim()) ?? [undefined, undefined, header];
  return (bracketed ?? plain ?? '').toLowerCase().replace(/\.$/, '');
}

function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

/** Somebody followed a link to here. */
function isVisit(method: string, headers: IncomingHttpHeaders): boolean {
  return (method === 'GET' || method === 'HEAD') && headers['sec-fetch-mode'] === 'navigate';
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i.test(type.trim());
}

function crossSite(site: string): HttpProblem {
  return new HttpProblem(
    403,
    'ORIGIN_NOT_ALLOWED',
    `A web page of another site (Sec-Fetch-Site: ${shown(site)}) may not make requests here.`,
  );
}

function notJson(type: string | undefined): HttpProblem {
  const seen = type === undefined ? 'has no Content-Type' : `is called ${quoted(type)}`;
  return new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', `The body ${seen}: a browser has to send it as application/json.`);
}

function quoted(text: string): string {
  return JSON.stringify(shown(text));
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
