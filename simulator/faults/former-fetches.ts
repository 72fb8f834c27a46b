import { decodeRequest, decodeRequestHeader, type RequestOf } from '#protocol';
import { fetch } from '#protocol/apis/fetch.ts';
import { metadataTopicId } from '#raft';
import type { Overheard, OverheardRequests } from './overheard-requests.ts';

const keptOfEach = 10;

/** The last fetches by which each broker followed others, of its present incarnation and of the one before; those only that name all partitions. */
export class FormerFetches {
  readonly #present = new Map<string, Overheard[]>();
  readonly #former = new Map<string, readonly Overheard[]>();

  constructor(overheard: OverheardRequests) {
    overheard.listen((request) => {
      if (!isWholeFetch(request)) return;
      const fetches = this.#present.get(request.from.host) ?? [];
      this.#present.set(request.from.host, fetches);
      fetches.push(request);
      if (fetches.length > keptOfEach) fetches.shift();
    });
  }

  /** A broker starts: what it has sent was sent by the incarnation before. */
  started(name: string): void {
    this.#former.set(name, this.#present.get(name) ?? []);
    this.#present.delete(name);
  }

  of(name: string): readonly Overheard[] {
    return this.#former.get(name) ?? [];
  }
}

/** A fetch within a session means nothing outside of it. */
function isWholeFetch({ apiKey, bytes }: Overheard): boolean {
  if (apiKey !== fetch.key) return false;
  const frame = bytes.subarray(4);
  const { apiVersion, bodyOffset } = decodeRequestHeader(frame);
  const request: RequestOf<typeof fetch> = decodeRequest(fetch, apiVersion, frame, bodyOffset);
  return request.replicaState.replicaId >= 0 && request.sessionEpoch <= 0 && request.topics[0]?.topicId !== metadataTopicId;
}
