import { ambushes } from './ambushes.ts';
import type { FaultKind, FaultOf } from './fault.ts';
import { cut, cutBothWays, isolate } from './links.ts';
import type { Nemesis } from './nemesis.ts';
import { cutAllPower } from './power.ts';

export const goodLinks = { minDelayMs: 0.1, meanExtraDelayMs: 0.2, lossProbability: 0, splitProbability: 0.05, resetProbability: 0 };
/** After a disk has failed its broker may notice late, at the next housekeeping or while it starts. */
const noticeMs = 30_000;
const stallMs = 10_000;

type Strikes = { readonly [K in FaultKind]: (fault: FaultOf<K>, nemesis: Nemesis) => void };

/** How each kind of fault is brought about, and taken back. */
export const strikes: Strikes = {
  kill({ broker, downMs }, nemesis) {
    const name = nemesis.find(broker);
    if (nemesis.cluster.isUp(name)) nemesis.cluster.kill(name);
    nemesis.restart(name, downMs);
  },

  'power-cut'({ broker, mode, downMs }, nemesis) {
    const name = nemesis.find(broker);
    if (nemesis.cluster.isUp(name)) nemesis.cluster.cutPower(name, mode);
    nemesis.restart(name, downMs);
  },

  'all-power'({ mode, downMs }, nemesis) {
    cutAllPower(nemesis, mode, downMs);
  },

  'clean-stop'({ broker, downMs }, nemesis) {
    stop(nemesis, nemesis.find(broker), downMs);
  },

  'rolling-restart'({ gapMs, downMs }, nemesis) {
    const next = ([name, ...others]: readonly string[]): void => {
      if (name === undefined || nemesis.isHealed) return;
      stop(nemesis, name, downMs, () => nemesis.later(downMs + gapMs, () => next(others)));
    };
    next(nemesis.cluster.names);
  },

  'crash-loop'({ broker, mode, times, upMs }, nemesis) {
    const name = nemesis.find(broker);
    const { cluster } = nemesis;
    const crash = (left: number): void => {
      if (cluster.isUp(name)) {
        if (left % 2 === 0) cluster.kill(name);
        else cluster.cutPower(name, mode);
      }
      if (left === 0) {
        nemesis.restart(name, 500);
        return;
      }
      nemesis.later(20, () => {
        if (!cluster.isUp(name)) cluster.start(name);
        nemesis.later(upMs, () => crash(left - 1));
      });
    };
    crash(times);
  },

  pause({ broker, forMs }, nemesis) {
    const name = nemesis.find(broker);
    const node = nemesis.cluster.world.node(name);
    if (!nemesis.cluster.isUp(name) || node.isPaused) return;
    nemesis.note(`${name} is paused`);
    node.pause();
    nemesis.later(forMs, () => {
      if (!node.isPaused) return;
      nemesis.note(`${name} goes on`);
      node.resume();
    });
  },

  cut({ from, to, oneWay, forMs }, nemesis) {
    const [one, other] = [nemesis.find(from), nemesis.find(to)];
    if (one === other) return;
    if (oneWay) cut(nemesis, one, other, forMs);
    else cutBothWays(nemesis, one, other, forMs);
  },

  isolate({ broker, forMs }, nemesis) {
    isolate(nemesis, nemesis.find(broker), forMs);
  },

  flap({ broker, times, everyMs }, nemesis) {
    const name = nemesis.find(broker);
    for (let turn = 0; turn < times; turn++) nemesis.later(2 * turn * everyMs, () => isolate(nemesis, name, everyMs));
  },

  halves({ left, bridge, forMs }, nemesis) {
    const right = nemesis.cluster.names.filter((name) => !left.includes(name));
    for (const one of left) {
      for (const other of right) {
        if (one === bridge || other === bridge) continue;
        cutBothWays(nemesis, one, other, forMs);
      }
    }
  },

  'bad-links'({ extraMs, loss, forMs }, nemesis) {
    const { network } = nemesis.cluster.world;
    nemesis.hold(
      'links',
      forMs,
      () => {
        nemesis.note(`links lose ${Math.round(loss * 100)} % and take ${extraMs} ms more`);
        network.setConditions({ minDelayMs: 1, meanExtraDelayMs: extraMs, lossProbability: loss });
      },
      () => {
        nemesis.note('links are good again');
        network.setConditions(goodLinks);
      },
    );
  },

  resets({ probability, forMs }, nemesis) {
    const { network } = nemesis.cluster.world;
    nemesis.hold(
      'resets',
      forMs,
      () => {
        nemesis.note('connections are reset now and then');
        network.setConditions({ resetProbability: probability });
      },
      () => network.setConditions({ resetProbability: 0 }),
    );
  },

  replay({ count, laterMs }, nemesis) {
    nemesis.replay(count, laterMs);
  },

  'clock-jump'({ broker, byMs }, nemesis) {
    const name = nemesis.find(broker);
    nemesis.note(`the clock of ${name} jumps by ${(byMs / 1000).toFixed(0)} s`);
    nemesis.cluster.world.node(name).jumpClock(byMs);
  },

  'clock-drift'({ broker, rate, forMs }, nemesis) {
    const name = nemesis.find(broker);
    const node = nemesis.cluster.world.node(name);
    nemesis.hold(
      `clock ${name}`,
      forMs,
      () => {
        nemesis.note(`the clock of ${name} runs at ${rate}`);
        node.setClockRate(rate);
      },
      () => node.setClockRate(1),
    );
  },

  'slow-disk'({ broker, factor, forMs }, nemesis) {
    slow(nemesis, nemesis.find(broker), factor, forMs);
  },

  'disk-stall'({ broker, forMs }, nemesis) {
    const name = nemesis.find(broker);
    const disk = () => nemesis.cluster.world.node(name).disk;
    nemesis.hold(
      `stall ${name}`,
      forMs,
      () => {
        nemesis.note(`the disk of ${name} stalls`);
        for (const operation of ['sync', 'read'] as const) disk().stallNext(operation, stallMs, { times: Number.POSITIVE_INFINITY });
      },
      () => {
        nemesis.note(`the disk of ${name} goes on`);
        disk().clearFailures();
      },
    );
  },

  'full-disk'({ broker, freeBytes, forMs }, nemesis) {
    const name = nemesis.find(broker);
    const disk = () => nemesis.cluster.world.node(name).disk;
    nemesis.expectFailure(name, forMs + noticeMs);
    nemesis.hold(
      `room ${name}`,
      forMs,
      () => {
        nemesis.note(`the disk of ${name} is full but for ${freeBytes} bytes`);
        disk().setFreeBytes(freeBytes);
      },
      () => {
        nemesis.note(`the disk of ${name} has room again`);
        disk().setFreeBytes(undefined);
      },
    );
  },

  'io-error'({ broker, operation, downMs }, nemesis) {
    const name = nemesis.find(broker);
    nemesis.note(`the next ${operation} on the disk of ${name} fails`);
    nemesis.expectFailure(name, downMs + noticeMs);
    nemesis.failedDisks.add(name);
    nemesis.cluster.world.node(name).disk.failNext(operation, 'EIO');
  },

  'read-error'({ broker }, nemesis) {
    nemesis.note(`the next read on the disk of ${broker} fails`);
    nemesis.expectFailure(broker, noticeMs);
    nemesis.failedDisks.add(broker);
    nemesis.cluster.world.node(broker).disk.failNext('read', 'EIO');
  },

  'bit-flip'({ broker, where }, nemesis) {
    const flipped = nemesis.cluster.flipBit(broker, where);
    if (flipped !== undefined) nemesis.note(`a bit of ${flipped} on ${broker} flips`);
  },

  'replace-disk'({ broker, downMs }, nemesis) {
    const { cluster } = nemesis;
    if (!cluster.canSpare(broker)) {
      nemesis.note(`the disk of ${broker} stays: without it there would not be enough voters, or a partition without a copy that may lead`);
      return;
    }
    if (cluster.isUp(broker)) cluster.cutPower(broker, 'strict');
    nemesis.note(`the disk of ${broker} is replaced by an empty one`);
    cluster.replaceDisk(broker);
    nemesis.restart(broker, downMs);
  },

  'voter-change'({ broker, forMs }, nemesis) {
    void nemesis.operator.removeVoter(broker);
    nemesis.later(forMs, () => void nemesis.operator.addVoter(broker));
  },

  ...ambushes,
};

function stop(nemesis: Nemesis, name: string, downMs: number, then?: () => void): void {
  const { cluster } = nemesis;
  if (!cluster.isUp(name) || cluster.world.node(name).isPaused) {
    then?.();
    return;
  }
  void cluster.stop(name).then(() => {
    nemesis.restart(name, downMs);
    then?.();
  });
}

function slow(nemesis: Nemesis, name: string, factor: number, forMs: number): void {
  const disk = () => nemesis.cluster.world.node(name).disk;
  nemesis.hold(
    `disk ${name}`,
    forMs,
    () => {
      nemesis.note(`the disk of ${name} is ${factor} times slower`);
      disk().setSlowness(factor);
    },
    () => {
      nemesis.note(`the disk of ${name} is as fast as before`);
      disk().setSlowness(1);
    },
  );
}
