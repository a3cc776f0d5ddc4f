import { expect, it } from 'vitest';
import { baileysLogger } from '../../../session-runner/baileys-logger.js';
import { captureLog } from '../shared/logged.js';

const SECRET = 'Sesame-9f2c';

it('passes the sentences of warnings and errors, at debug', () => {
  const { log, lines } = captureLog();
  const logger = baileysLogger(log);
  logger.warn('said alone');
  logger.error({ err: new Error('why') }, 'failed');
  expect(lines()).toMatchObject([
    { level: 'debug', baileys: 'said alone' },
    { level: 'debug', baileys: 'failed', cause: 'why' },
  ]);
});

it('lets nothing through of the objects, which hold stanzas, keys and text', () => {
  const { log, output, lines } = captureLog();
  const logger = baileysLogger(log);
  const stanza = {
    node: { attrs: { id: SECRET }, content: Buffer.from(SECRET) },
    message: { conversation: SECRET },
    err: { inner: SECRET },
  };
  logger.warn(stanza, 'warned');
  logger.error(stanza, 'failed');
  logger.error(stanza);
  logger.error({ err: Object.assign(new Error('why'), { data: { creds: SECRET }, key: SECRET }) }, 'failed');
  expect(output()).not.toContain(SECRET);
  expect(lines()).toHaveLength(4);
});

it('says nothing at lower levels, whatever children it is asked for', () => {
  const { log, output } = captureLog();
  const logger = baileysLogger(log).child({ class: SECRET });
  logger.trace({ xml: SECRET }, 'frame');
  logger.debug({ xml: SECRET }, 'frame');
  logger.info({ creds: SECRET }, 'logged in');
  expect(output()).toBe('');
});

it('has a level at which Baileys renders no stanza', () => {
  expect(['trace', 'debug']).not.toContain(baileysLogger(captureLog().log).level);
});

it('masks phone numbers in sentences', () => {
  const { log, output } = captureLog();
  baileysLogger(log).error(
    { err: new Error('No session record for 6281234567890.0') },
    'failed to decrypt for 6281234567890@s.whatsapp.net',
  );
  expect(output()).not.toContain('6281234567890');
});
