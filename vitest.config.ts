import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    reporters: ['default', new ClosingLineReporter()],
    // Real processes on two cores: more at once only makes every one of them late.
    pool: 'forks',
    maxWorkers: 2,
    // They end what hangs and say nothing about speed: each is longer than any wait inside a test, on a machine that is busy with other things.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
