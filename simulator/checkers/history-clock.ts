/** The order in which clients do things and are told things: what was answered before something else was asked has a lower number. */
export class HistoryClock {
  #now = 0;

  tick(): number {
    return ++this.#now;
  }
}
