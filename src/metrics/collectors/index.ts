import type { Cluster } from '#client';
import type { Collector } from '../definition.ts';
import type { Family } from '../sheet.ts';
import { clusterCollector } from './cluster.ts';
import { groupCollector } from './groups.ts';
import { type HttpDurations, httpCollector } from './http.ts';
import { logCollector } from './logs.ts';
import { partitionCollector } from './partitions.ts';
import { eventLoopCollector } from './process.ts';
import { raftCollector } from './raft.ts';
import { replicationCollector } from './replication.ts';
import { requestCollector } from './requests.ts';
import { serverCollector } from './server.ts';
import { trafficCollector } from './traffic.ts';

/** What collectors look at beside the broker itself. */
export interface Sources {
  readonly cluster: Cluster;
  readonly http: HttpDurations;
  /** What is told of the process, read before. */
  process(): readonly Family[];
}

/** All there are, in the order in which they are shown. Some remember what they saw last: a broker has its own. */
export function allCollectors({ cluster, http, process }: Sources): readonly Collector[] {
  return [
    clusterCollector(),
    partitionCollector(),
    trafficCollector(),
    groupCollector(cluster),
    replicationCollector(),
    logCollector(),
    requestCollector(),
    httpCollector(http),
    raftCollector(),
    serverCollector(),
    eventLoopCollector(process),
  ];
}
