import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'simulator/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Tests of real processes hold times that a machine with other work may miss; what was tried twice is marked in the output, and is looked into.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
});
