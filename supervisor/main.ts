// The worker's one entry: everything else is started from here.
import { setFlagsFromString } from 'node:v8';
import { ConfigError } from '../shared/config.js';
import { messageOf } from '../shared/errors.js';
import { EXIT } from '../shared/exit-codes.js';
import { createLogger } from '../shared/logging.js';
import { letMemoryReducerRun } from '../shared/memory-reducer.js';
import { StoreRefusedError } from '../shared/store/store-refused-error.js';
import { loadConfig, type Config } from './config.js';
import { DataDirLockedError } from './data-dir-lock.js';
import { startWorker } from './lifecycle.js';
import { startLifeSigns, type LifeSigns } from './service-manager/life-signs.js';
import { Notify } from './service-manager/notify.js';
import { explainAddress, startedBy, type StartedBy } from './service-manager/started-by.js';

const REPEATED_SIGNAL_MS = 1_000;

const refuse = (error: unknown): never => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(EXIT.config);
};

const orRefuse = <T>(read: () => T, explain = (error: ConfigError): ConfigError => error): T => {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return refuse(explain(error));
    throw error;
  }
};

const { socket, notify, environment } = orRefuse((): StartedBy => startedBy(process.env, process.pid));
const config = orRefuse(
  (): Config => loadConfig(environment),
  (error) => explainAddress(error, socket),
);
// V8 lets the old generation grow to a multiple of what is alive before it collects it, which one sees as memory that comes and goes. Half
// of it, where there is little to collect, costs no time that could be measured.
setFlagsFromString('--heap-growing-percent=50');
letMemoryReducerRun();
// What is stored is nobody else's business.
process.umask(0o077);
const log = createLogger({ level: config.logLevel, base: { process: 'supervisor', workerId: config.workerId, pid: process.pid } });
// Libraries that print would break the lines of JSON.
Object.assign(globalThis.console, {
  error: (...parts: unknown[]) => {
    log.error({ printed: parts.map(messageOf).join(' ') }, 'a library printed an error');
  },
});
for (const warning of config.warnings) log.warn(warning);

const lifeSigns: LifeSigns | undefined =
  notify &&
  startLifeSigns({
    notify: new Notify({ socket: notify.socket, path: environment['PATH'] ?? '', log }),
    watchdogMs: notify.watchdogMs,
    log,
  });

try {
  const onFatal = (why: string, code: number): void => {
    log.fatal(why);
    process.exit(code);
  };
  const worker = await startWorker(config, log, onFatal, socket);
  let stoppingSince: number | undefined;
  const stop = (signal: string): void => {
    if (stoppingSince !== undefined) {
      // A second Ctrl-C means now; but npm passes on the first one, which the terminal had sent us already.
      if (performance.now() - stoppingSince > REPEATED_SIGNAL_MS) process.exit(EXIT.crash);
      return;
    }
    stoppingSince = performance.now();
    log.info({ signal }, 'worker is stopping');
    lifeSigns?.stopping(config.shutdownTimeoutMs);
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
  // Whoever reads that it is there may stop it at once.
  lifeSigns?.serving(worker.worker);
  log.info(
    { host: worker.address.host, port: worker.address.port, dataDir: config.dataDir, version: config.version },
    'worker is listening',
  );
} catch (error) {
  if (error instanceof DataDirLockedError || error instanceof StoreRefusedError || isAddressProblem(error)) refuse(error);
  log.fatal({ err: error }, 'worker could not start');
  process.exit(EXIT.crash);
}

/** A port that is taken or not allowed stays so until somebody changes it. */
function isAddressProblem(error: unknown): boolean {
  return ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '');
}
