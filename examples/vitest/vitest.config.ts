import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One cluster for the whole run, for tests that need no faults.
  test: { globalSetup: 'kafka-lite-cluster/vitest' },
});
