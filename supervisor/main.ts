// The worker's one entry: everything else is started from here.
import { ConfigError } from '../shared/config.js';
import { messageOf } from '../shared/errors.js';
import { EXIT } from '../shared/exit-codes.js';
import { createLogger } from '../shared/logging.js';
import { loadConfig, type Config } from './config.js';
import { DataDirLockedError } from './data-dir-lock.js';
import { startWorker } from './lifecycle.js';

const refuse = (error: unknown): never => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(EXIT.config);
};

const config = ((): Config => {
  try {
    return loadConfig();
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error);
    throw error;
  }
})();
const log = createLogger({ level: config.logLevel, base: { process: 'supervisor', workerId: config.workerId, pid: process.pid } });
for (const warning of config.warnings) log.warn(warning);

try {
  const worker = await startWorker(config, log, (why) => {
    log.fatal(why);
    process.exit(EXIT.crash);
  });
  log.info(
    { host: worker.address.host, port: worker.address.port, dataDir: config.dataDir, version: config.version },
    'worker is listening',
  );

  let stopping = false;
  const stop = (signal: string): void => {
    // A second Ctrl-C means now.
    if (stopping) process.exit(EXIT.crash);
    stopping = true;
    log.info({ signal }, 'worker is stopping');
    worker.stop().then(
      () => {
        log.info('worker has stopped');
        process.exit(EXIT.clean);
      },
      (error: unknown) => {
        log.fatal({ err: error }, 'worker could not stop cleanly');
        process.exit(EXIT.crash);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  if (error instanceof DataDirLockedError || isAddressProblem(error)) refuse(error);
  log.fatal({ err: error }, 'worker could not start');
  process.exit(EXIT.crash);
}

/** A port that is taken or not allowed stays so until somebody changes it. */
function isAddressProblem(error: unknown): boolean {
  return ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '');
}
