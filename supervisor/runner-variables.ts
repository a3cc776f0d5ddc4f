// What runners are told by their environment.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../shared/errors.js';
import type { Config } from './config.js';

export const temporaryFolder = ({ dataDir }: Config): string => join(dataDir, 'tmp');

export const runnerVariables = (config: Config): Record<string, string> => {
  // Baileys writes media to the temporary folder; a crash leaves it there.
  const temporary = temporaryFolder(config);
  try {
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`the temporary folder ${temporary} cannot be made: ${messageOf(error)}`, { cause: error });
  }
  return {
    TMPDIR: temporary,
    // With a heap of its own for each thread, as glibc does it, a runner takes 5 MB more and no less time.
    MALLOC_ARENA_MAX: '1',
    // Each TLS connection keeps the 64 kB into which it reads. Mapped on its own, such a buffer takes only the pages that were ever filled: 40 kB
    // less for each session. Without the second setting room at the end of the heap would be used first.
    MALLOC_MMAP_THRESHOLD_: '65536',
    MALLOC_TOP_PAD_: '0',
    LOG_LEVEL: config.logLevel,
    RUNNER_TRACK_CHANGES: String(config.objectStore !== undefined),
    ...(config.authEncryptionKey !== undefined && { AUTH_ENCRYPTION_KEY: config.authEncryptionKey }),
    ...(config.storeMaxBytes !== undefined && { RUNNER_STORE_MAX_BYTES: String(config.storeMaxBytes) }),
    RUNNER_DEAF_AFTER_MS: String(config.deafAfterMs),
    ...(config.waProxyUrl !== undefined && { WA_PROXY_URL: config.waProxyUrl }),
    WA_APPEAR_ONLINE: String(config.waAppearOnline),
    ...(config.waWebsocketUrl !== undefined && { WA_WEBSOCKET_URL: config.waWebsocketUrl }),
    ...(config.waVersion !== undefined && { WA_VERSION: config.waVersion }),
  };
};
