import { EXIT } from '../../shared/exit-codes.js';
import { checkStores } from '../check-stores.js';
import { withStoppedWorker } from './stopped-worker.js';
import type { Subcommand } from './subcommand.js';

/** `worker check` */
export const check: Subcommand = {
  summary: 'reads everything that a stopped worker has stored and says what is wrong with it; changes nothing',
  run: async ({ config, cipher, say }) => {
    const findings = await withStoppedWorker(config.dataDir, async () => checkStores(config.dataDir, cipher));
    for (const { severity, store, problem } of findings) say(`${severity}: ${store}: ${problem}`);
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    say(`${errors} errors, ${findings.length - errors} warnings in ${config.dataDir}`);
    return errors > 0 ? EXIT.crash : EXIT.clean;
  },
};
