import { CoordinatorRuntime } from '#coordinators';
import { Outbox, type Parcel } from '../../src/coordinators/runtime/outbox.ts';
import { type Mutant, replaceMethod } from './planting.ts';

interface Log {
  readonly logEndOffset: bigint;
  readonly highWatermark: bigint;
}

const halves = new WeakMap<Log, Log>();

/** Of what groups and transactions share: the shell around their coordinators. */
export const coordinatorMutants: Readonly<Record<string, Mutant>> = {
  'answer-before-commit': {
    breaks: 'a coordinator answers, and acts, when its decision is appended and not yet committed',
    plant() {
      replaceMethod(
        Outbox.prototype,
        'add',
        (add) =>
          function (this: Outbox<unknown>, parcel: Parcel<unknown>) {
            return add.call(this, { ...parts(parcel), offset: -1n }, 0n);
          },
      );
    },
  },
  'half-loaded-coordinator': {
    breaks: 'a new coordinator serves when it has read what it knows to be committed, though its log has more',
    plant() {
      replaceMethod(
        CoordinatorRuntime.prototype,
        'leads',
        (leads) =>
          function (this: object, partition: number, leaderEpoch: number, log: Log) {
            const logs = led.get(this) ?? new Map<number, Log>();
            led.set(this, logs.set(partition, log));
            return leads.call(this, partition, leaderEpoch, halfOf(log));
          },
      );
      replaceMethod(
        CoordinatorRuntime.prototype,
        'resigns',
        (resigns) =>
          function (this: object, partition: number) {
            const log = led.get(this)?.get(partition);
            if (log !== undefined) halves.delete(log);
            return resigns.call(this, partition);
          },
      );
    },
  },
};

const led = new WeakMap<object, Map<number, Log>>();

/** The same log, which at first seems to end at its high watermark. */
function halfOf(log: Log): Log {
  let half = halves.get(log);
  if (half !== undefined) return half;
  let isFresh = true;
  half = new Proxy(log, {
    get(target, name) {
      if (name === 'logEndOffset' && isFresh) {
        isFresh = false;
        return target.highWatermark;
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  halves.set(log, half);
  return half;
}

function parts<Effect>(parcel: Parcel<Effect>): Parcel<Effect> {
  const { offset, deadline, effects } = parcel;
  return { offset, deadline, effects, send: () => parcel.send(), fail: (error) => parcel.fail(error) };
}
