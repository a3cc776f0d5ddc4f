import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { isIgnored } from '../../../shared/domain/session-settings.js';
import { AppError } from '../../../shared/errors.js';
import { RowCipher } from '../../../shared/store/row-cipher.js';
import { mergePatch } from '../../../supervisor/settings/merge-patch.js';
import { Settings } from '../../../supervisor/settings/settings.js';
import { settingsView } from '../../../supervisor/settings/settings-view.js';
import { openSupervisorStore, removeSessionRows, TABLES } from '../../../supervisor/supervisor-store.js';
import { closing, tempFolder } from '../store/temp-store.js';

const DEFAULTS = { markOnline: true, pace: { perMinute: 20, burst: 5, typing: false }, proxy: undefined };

const settingsOver = async () => {
  const store = closing(await openSupervisorStore(tempFolder(), { track: true }));
  return { store, settings: new Settings({ store }) };
};

it.each([
  ['a new member', { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
  ['another value', { a: 1 }, { a: 2 }, { a: 2 }],
  ['null', { a: 1, b: 2 }, { a: null }, { b: 2 }],
  ['null for what is not there', { b: 2 }, { a: null }, { b: 2 }],
  ['a member of a member', { a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
  ['an object for a value', { a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
  ['a list', { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ['nothing', { a: 1 }, {}, { a: 1 }],
  ['no object', { a: 1 }, 5, 5],
])('merges %s', (_name, target, patch, merged) => {
  expect(mergePatch(target, patch)).toEqual(merged);
});

it('merges a prototype in as a member like any other', () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"admin":true}}'));
  expect(merged).not.toHaveProperty('admin');
});

it('keeps what was set over a restart, and shows what applies where nothing was', async () => {
  const { store, settings } = await settingsOver();
  expect(settingsView(settings.of('s'), DEFAULTS)).toEqual({
    webhook: null,
    ignore: { groups: false, status: true, channels: false },
    readReceipts: false,
    markOnline: true,
    proxy: null,
    pace: { sendRatePerMinute: 20, burst: 5, typing: false },
  });
  await settings.change('s', { ignore: { groups: true }, markOnline: false });
  await settings.change('s', { ignore: { channels: true }, readReceipts: true });
  await settings.change('s', { ignore: { groups: null }, readReceipts: null });
  expect(new Settings({ store }).of('s')).toEqual({ ignore: { channels: true }, markOnline: false });
});

it('lets of two changes at a time the second see the first', async () => {
  const { settings } = await settingsOver();
  await Promise.all([settings.change('s', { markOnline: false }), settings.change('s', { readReceipts: true })]);
  expect(settings.of('s')).toEqual({ markOnline: false, readReceipts: true });
});

it('has no row for a session that sets nothing', async () => {
  const { store, settings } = await settingsOver();
  await settings.change('s', { markOnline: false });
  await settings.change('s', { markOnline: null });
  expect(store.count(TABLES.settings, [])).toBe(0);
});

it('goes with its session', async () => {
  const { store, settings } = await settingsOver();
  await settings.change('s', { markOnline: false });
  await removeSessionRows(store, 's');
  expect(settings.of('s')).toEqual({});
});

it.each([
  ['no object', 5, 'settings must be a JSON object'],
  ['a list', [], 'settings must be a JSON object'],
  ['null', null, 'settings must be a JSON object'],
  ['a key that is misspelt', { readReciepts: true }, 'settings has no readReciepts'],
  ['a misspelt key inside', { ignore: { group: true } }, 'ignore has no group'],
  ['another type', { markOnline: 'yes' }, 'markOnline must be true or false'],
  ['a webhook without a URL', { webhook: { secret: 'a-secret-of-many-letters' } }, 'webhook.url must be'],
  ['another scheme', { webhook: { url: 'ftp://example.com' } }, 'webhook.url must be'],
  ['credentials in a URL', { webhook: { url: 'http://a:b@example.com' } }, 'webhook.url must be'],
  ['a short secret', { webhook: { url: 'http://example.com', secret: 'short' } }, 'webhook.secret must be'],
  ['a mask for a secret that is not there', { webhook: { url: 'http://example.com', secret: '********' } }, 'webhook.secret must be'],
  [
    'a secret that is no base64',
    { webhook: { url: 'http://example.com', secret: 'whsec_?????????????????????' } },
    'webhook.secret must be',
  ],
  ['an unknown event', { webhook: { url: 'http://example.com', events: ['everything'] } }, 'webhook.events must be some of'],
  ['an object that is none', { ignore: true }, 'ignore must be a JSON object'],
])('refuses %s, and changes nothing', async (_name, patch, sentence) => {
  const { settings } = await settingsOver();
  const refused = await settings.change('s', patch).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining(sentence) as unknown });
  expect(settings.of('s')).toEqual({});
});

it('tells of changes that are on disk, and not of new sessions', async () => {
  const { store, settings } = await settingsOver();
  const told: unknown[] = [];
  settings.onChange(({ sessionId, before, after }) => told.push([sessionId, before, after]));
  await store.commit(settings.writesForNew('s', { markOnline: false }));
  await settings.change('s', { readReceipts: true });
  expect(told).toEqual([['s', { markOnline: false }, { markOnline: false, readReceipts: true }]]);
});

it('lies encrypted where credentials do', async () => {
  const store = closing(await openSupervisorStore(tempFolder(), { track: true, cipher: new RowCipher([randomBytes(32)]) }));
  await store.commit(new Settings({ store }).writesForNew('s', { readReceipts: true }));
  const [row] = store.rawRange(TABLES.settings);
  expect(row?.value.toString('latin1')).not.toContain('readReceipts');
  expect(new Settings({ store }).of('s')).toEqual({ readReceipts: true });
});

it('ignores status updates unless they are wanted, and groups and channels when they are not', () => {
  const chats = ['1@s.whatsapp.net', '2@lid', '3@g.us', 'status@broadcast', '4@newsletter'];
  const kept = (ignore?: { groups?: boolean; status?: boolean; channels?: boolean }): string[] =>
    chats.filter((chat) => !isIgnored({ ignore }, chat));
  expect(kept()).toEqual(['1@s.whatsapp.net', '2@lid', '3@g.us', '4@newsletter']);
  expect(kept({ status: false })).toEqual(chats);
  expect(kept({ groups: true, channels: true })).toEqual(['1@s.whatsapp.net', '2@lid']);
});

it('says once what breaks two rules that are explained alike', async () => {
  const { settings } = await settingsOver();
  await expect(settings.change('s', { pace: { sendRatePerMinute: 1e308 } })).rejects.toThrow(
    /^The settings are not valid: pace\.sendRatePerMinute must be a whole number from 0 to 6000\.$/,
  );
});

it('never shows a secret, and takes its mask for the secret that is set', async () => {
  const { settings } = await settingsOver();
  const secret = 'a-secret-of-many-letters';
  const shown = settingsView(await settings.change('s', { webhook: { url: 'https://example.com/hook', secret } }), DEFAULTS);
  expect(shown.webhook).toEqual({ url: 'https://example.com/hook', secret: '********', events: null });
  await settings.change('s', { ...shown, readReceipts: true });
  expect(settings.of('s')).toMatchObject({ webhook: { url: 'https://example.com/hook', secret }, readReceipts: true });
});

it('takes of the pace what a session sets, and the rest as the worker has it', async () => {
  const { settings } = await settingsOver();
  const shown = async (patch: unknown) => settingsView(await settings.change('s', patch), DEFAULTS).pace;
  expect(await shown({ pace: { sendRatePerMinute: 60 } })).toEqual({ sendRatePerMinute: 60, burst: 5, typing: false });
  expect(await shown({ pace: { burst: 1, typing: true } })).toEqual({ sendRatePerMinute: 60, burst: 1, typing: true });
  const unbound = await shown({ pace: { sendRatePerMinute: 0 } });
  expect(unbound).toEqual({ sendRatePerMinute: 0, burst: 1, typing: true });
  expect(await shown({ pace: unbound })).toEqual(unbound);
  expect(await shown({ pace: null })).toEqual({ sendRatePerMinute: 20, burst: 5, typing: false });
});

it.each([
  [{ pace: { sendRatePerMinute: -1 } }, 'pace.sendRatePerMinute must be a whole number from 0 to 6000'],
  [{ pace: { sendRatePerMinute: 1.5 } }, 'pace.sendRatePerMinute must be a whole number from 0 to 6000'],
  [{ pace: { burst: 0 } }, 'pace.burst must be a whole number from 1 to 1000'],
  [{ pace: { typing: 'yes' } }, 'pace.typing must be true or false'],
  [{ pace: { perMinute: 5 } }, 'pace has no perMinute; it has sendRatePerMinute, burst, typing'],
  [{ pace: 20 }, 'pace must be a JSON object'],
])('refuses the pace %j', async (patch, message) => {
  const { settings } = await settingsOver();
  await expect(settings.change('s', patch)).rejects.toThrow(message);
});
