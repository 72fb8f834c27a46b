/** How much of the time since the last look the event loop of this process had nothing to do: from 0 to 1. The first look tells of all the time since it began. */
export class EventLoopIdleness {
  #last: ReturnType<typeof performance.eventLoopUtilization> | undefined;

  look(): number {
    const now = performance.eventLoopUtilization();
    const { idle, active } = this.#last === undefined ? now : performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    return idle + active === 0 ? 1 : idle / (idle + active);
  }
}
