/** One process of benchmarks/embedded.ts: starts a cluster of so many brokers (0: none), leaves it alone, and tells on stdout what that took. */
const brokers = Number(process.argv[2]);
const idleMs = Number(process.argv[3]);
const entry = process.argv[4]!;

const before = performance.now();
const { startCluster } = brokers > 0 ? ((await import(entry)) as typeof import('../src/index.ts')) : { startCluster: undefined };
const imported = performance.now();
const first = await startCluster?.({ brokers });
const ready = performance.now();
// Once more, as the second test file of a run or the second test would.
const again = await startCluster?.({ brokers });
const readyAgain = performance.now();
await again?.close();
const beforeReset = performance.now();
await first?.reset();
const afterReset = performance.now();
await new Promise((resolve) => setTimeout(resolve, idleMs));
const cpuBefore = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, idleMs));
const cpu = process.cpuUsage(cpuBefore);
console.log(
  JSON.stringify({
    importMs: imported - before,
    startMs: ready - imported,
    startAgainMs: readyAgain - ready,
    resetMs: afterReset - beforeReset,
    residentMb: process.memoryUsage.rss() / 1e6,
    idleCpuPercent: ((cpu.user + cpu.system) / 1000 / idleMs) * 100,
  }),
);
await first?.close();
