import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    // Real processes on two cores: more at once only makes every one of them late.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Test files fork the worker and the simulated WhatsApp; nothing of theirs may outlive them.
    teardownTimeout: 10_000,
  },
});
