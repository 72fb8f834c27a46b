import { NetworkError } from '#platform';
import { ReplicaManager } from '#replication';
import { LogDirectory, type PartitionLog } from '#storage';
import { LocalRouter } from '../../src/broker/request-router.ts';
import { EffectiveConfigs } from '../../src/metadata/configs/effective-configs.ts';
import { LocalLogs } from '../../src/replication/local-logs.ts';
import { type Mutant, replaceGetter, replaceMethod } from './planting.ts';

export const metadataMutants: Readonly<Record<string, Mutant>> = {
  'elect-anybody': {
    breaks: 'a replica that is neither in sync nor eligible becomes leader when nobody else is up',
    plant() {
      replaceMethod(
        EffectiveConfigs.prototype,
        'topic',
        (topic) =>
          function (this: EffectiveConfigs, ...args: unknown[]) {
            return args[2] === 'unclean.leader.election.enable' ? 'true' : topic.apply(this, args);
          },
      );
    },
  },
  'min-isr-of-one-in-the-controller': {
    breaks: 'the controller keeps nobody eligible, as if one in sync were enough, and the leaders do not wait for more',
    plant() {
      replaceMethod(EffectiveConfigs.prototype, 'minInsyncReplicasWith', () => () => 1);
    },
  },
  'in-service-before-caught-up': {
    breaks: 'a broker says that it has applied all metadata before its disk follows',
    plant() {
      replaceGetter(ReplicaManager.prototype, 'appliedOffset', () => () => 2n ** 50n);
    },
  },
  'reuse-by-name': {
    breaks: 'the log of a topic that was deleted is taken for that of the next one of its name',
    plant() {
      replaceMethod(LogDirectory.prototype, 'deletePartition', () => () => Promise.resolve());
      replaceMethod(
        LocalLogs.prototype,
        'open',
        (open) =>
          function (this: LocalLogs & { logs?: never }, topic: { id: string; name: string }, ...rest: unknown[]) {
            for (const log of known) if (log.topic === topic.name) Object.defineProperty(log, 'topicId', { value: topic.id });
            return open.call(this, topic, ...rest).then((log: PartitionLog) => {
              known.add(log);
              return log;
            });
          },
      );
    },
  },
};

const known = new Set<PartitionLog>();

export const httpMutants: Readonly<Record<string, Mutant>> = {
  'http-sends-again': {
    breaks: 'a message whose fate is unknown is sent to the leader once more',
    plant() {
      replaceMethod(
        LocalRouter.prototype,
        'send',
        (send) =>
          function (this: LocalRouter, api: { name: string }, ...rest: unknown[]) {
            const sent = send.call(this, api, ...rest) as Promise<unknown>;
            if (api.name !== 'Produce') return sent;
            return sent.catch((error: unknown) => {
              if (error instanceof NetworkError) return send.call(this, api, ...rest);
              throw error;
            });
          },
      );
    },
  },
  'http-forgets-the-append': {
    breaks: 'a leader that was deposed after it had appended is taken for one that has done nothing (KAFKA-13574)',
    plant() {
      replaceMethod(
        LocalRouter.prototype,
        'send',
        (send) =>
          async function (this: LocalRouter, api: { name: string }, ...rest: unknown[]) {
            const response = await send.call(this, api, ...rest);
            if (api.name === 'Produce')
              for (const { partitionResponses } of response.responses)
                for (const answer of partitionResponses) if (answer.errorCode !== 'NONE') answer.baseOffset = -1n;
            return response;
          },
      );
    },
  },
  'http-unknown-is-refused': {
    breaks: 'a message whose fate is unknown is said to have been refused',
    plant() {
      replaceMethod(
        LocalRouter.prototype,
        'send',
        (send) =>
          function (this: LocalRouter, api: { name: string }, ...rest: unknown[]) {
            return (send.call(this, api, ...rest) as Promise<unknown>).catch((error: unknown) => {
              throw api.name === 'Produce' && error instanceof NetworkError ? new NetworkError('ECONNREFUSED', error.message) : error;
            });
          },
      );
    },
  },
};
