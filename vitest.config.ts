import { configDefaults, defineConfig } from 'vitest/config';

/** Folders whose tests leave nothing behind in their process: no other process, no handler, no variable. */
const selfContained = [
  'src/{platform,protocol,transport,storage,raft,metadata,replication,coordinators,broker,client,metrics,http}/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Tests of real processes hold times that a machine with other work may miss; what was tried twice is marked in the output, and is looked into.
    retry: process.env['CI'] === undefined ? 0 : 1,
    projects: [
      // One process for many files: half of the processor time of these tests would be starts of processes and loading the same modules.
      { extends: true, test: { name: 'units', include: selfContained, isolate: false } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['src/**/*.test.ts', 'simulator/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...selfContained],
        },
      },
    ],
  },
});
