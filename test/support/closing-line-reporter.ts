import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with one line that people and machines can count: `N passed, N failed[, N skipped]`. */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      let tests = 0;
      for (const test of module.children.allTests()) {
        tests++;
        count[test.result().state]++;
      }
      // A file that could not be loaded has no tests and must not look like success.
      if (tests === 0 && module.errors().length > 0) count.failed++;
    }
    const skipped = count.skipped + count.pending;
    // Written after the default reporter's summary.
    process.once('exit', () => {
      process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    });
  }
}
