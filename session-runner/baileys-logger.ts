import type { Logger } from '../shared/logging.js';
import type { UserFacingSocketConfig } from './baileys.js';

type BaileysLogger = NonNullable<UserFacingSocketConfig['logger']>;

/**
 * What Baileys logs with. Only its sentences pass, at debug: its objects hold stanzas, keys and message text. Its level must not be
 * `trace` or `debug`, or it would render every stanza.
 */
export const baileysLogger = (log: Logger): BaileysLogger => {
  const quiet = (): void => undefined;
  const sentence = (objectOrText: unknown, text?: string): void => {
    const error = typeof objectOrText === 'object' && objectOrText !== null && 'err' in objectOrText ? objectOrText.err : undefined;
    log.debug(
      {
        baileys: text ?? (typeof objectOrText === 'string' ? objectOrText : ''),
        cause: error instanceof Error ? error.message : undefined,
      },
      'baileys',
    );
  };
  const logger: BaileysLogger = {
    level: 'silent',
    child: () => logger,
    trace: quiet,
    debug: quiet,
    info: quiet,
    warn: sentence,
    error: sentence,
  };
  return logger;
};
