// One session-runner process. Forked by the supervisor; of no use alone.
import { mendLibsignal } from './libsignal.js';
import { muteConsole } from './mute-console.js';
import { shareAsyncStorage } from './one-async-storage.js';
import { messageOf } from '../shared/errors.js';
import { EXIT } from '../shared/exit-codes.js';
import { createLogger } from '../shared/logging.js';
import { letMemoryReducerRun } from '../shared/memory-reducer.js';
import { RunnerEnvironment } from '../shared/runner-environment.js';
import { logTrouble } from '../shared/store/log-trouble.js';
import { RowCipher, parseKeys } from '../shared/store/row-cipher.js';
import { StoreRefusedError } from '../shared/store/store-refused-error.js';
import { openSlotStore } from '../shared/store/slot-store.js';
import { Runner } from './runner.js';
import { useNativeCurve } from './native-curve.js';
import { useSmallBufferPool } from './small-buffer-pool.js';

muteConsole();
useSmallBufferPool();
letMemoryReducerRun();
shareAsyncStorage();
process.umask(0o077);
useNativeCurve();
mendLibsignal();
if (!process.send) {
  process.stderr.write('A session-runner is started by the supervisor; run `npm start`.\n');
  process.exit(EXIT.config);
}
const environment = RunnerEnvironment.parse(process.env);
const { RUNNER_SLOT: slot, RUNNER_INCARNATION: incarnation } = environment;
const log = createLogger({
  level: environment.LOG_LEVEL,
  base: { process: 'session-runner', runnerId: slot, incarnation, pid: process.pid },
});

const keys = parseKeys(environment.AUTH_ENCRYPTION_KEY ?? '');
// Whatever else reads the environment has no need of it.
delete process.env['AUTH_ENCRYPTION_KEY'];
delete process.env['WA_PROXY_URL'];

try {
  const cipher = keys && new RowCipher(keys);
  const store = await openSlotStore(environment.RUNNER_DATA_DIR, {
    cipher,
    track: environment.RUNNER_TRACK_CHANGES === 'true',
    maxBytes: environment.RUNNER_STORE_MAX_BYTES,
    onTrouble: logTrouble(log),
    onLost: () => {
      log.error('the disk works again, and the store of this runner can be used only after a new start');
      process.exit(EXIT.clean);
    },
  });
  const runner = new Runner(environment, store, cipher, log, () => {
    // Without a supervisor nobody could stop a second owner from connecting the same sessions.
    process.exit(EXIT.clean);
  });
  process.on('unhandledRejection', (reason) => {
    runner.unhandledRejections++;
    log.error(
      { cause: messageOf(reason), stack: reason instanceof Error ? reason.stack : undefined },
      'a rejection nobody handled; the runner goes on',
    );
  });
} catch (error) {
  log.fatal({ err: error }, 'the runner cannot start');
  process.exitCode = error instanceof StoreRefusedError ? EXIT.config : EXIT.crash;
  process.disconnect();
}

// The supervisor stops its runners itself, in order; a Ctrl-C in the terminal reaches them too and must not.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  process.exit(EXIT.clean);
});
