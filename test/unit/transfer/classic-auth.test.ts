import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useMultiFileAuthState } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Write } from '../../../shared/store/store.js';
import { classicFiles, readClassicAuth, type ClassicAuth } from '../../../supervisor/transfer/classic-auth.js';
import { findSessions } from '../../../supervisor/transfer/folder-source.js';
import { pairedCreds, writeClassic } from '../../fixtures/classic-folder.js';
import { tempFolder } from '../store/temp-store.js';

const read = async (folder: string): Promise<ClassicAuth> => {
  const [session] = findSessions(folder, undefined);
  if (!session) throw new Error('no session');
  return readClassicAuth(session.auth, 'alice');
};

const keysOf = ({ writes }: ClassicAuth): [string, string, unknown][] =>
  writes
    .filter(({ table }) => table === SLOT_TABLES.keys)
    .map(({ key, value }): [string, string, unknown] => [String(key[1]), String(key[2]), value])
    .sort();

const preKey = { public: randomBytes(32), private: randomBytes(32) };
const KEYS = {
  'pre-key': { '7': preKey },
  session: { '6281200000001_1.3': { version: 'v1', _sessions: { AbC: { chains: { x: { messageKeys: { 0: 'k' } } } } } } },
  'identity-key': { '6281200000001.0': randomBytes(33) },
  'sender-key': { '6281-160@g.us::6281200000001_1::3': randomBytes(40) },
  'sender-key-memory': { '6281-160@g.us': { '6281200000001@s.whatsapp.net': true } },
  'app-state-sync-key': { 'AAAA//+b': { keyData: randomBytes(32), fingerprint: { rawId: 1 } } },
  'app-state-sync-version': {
    regular_low: { version: 4, hash: randomBytes(128), indexValueMap: { 'a/b=': { valueMac: randomBytes(32) } } },
  },
  'lid-mapping': { '6281200000001': '77', '77_reverse': '6281200000001' },
  'device-list': { '6281200000001': ['0', '3'] },
  tctoken: { __index: { token: randomBytes(9) } },
};
const asWrites = (creds: unknown): Write[] => [
  { table: SLOT_TABLES.creds, key: ['alice'], value: creds },
  ...Object.entries(KEYS).flatMap(([type, rows]) =>
    Object.entries<unknown>(rows).map(([id, value]) => ({ table: SLOT_TABLES.keys, key: ['alice', type, id], value })),
  ),
];

describe('Credentials in the classic layout', () => {
  it('come in as Baileys wrote them', async () => {
    const folder = tempFolder();
    const { state, saveCreds } = await useMultiFileAuthState(folder);
    Object.assign(state.creds, pairedCreds('6281200000001'));
    await saveCreds();
    await state.keys.set(KEYS as unknown as Parameters<typeof state.keys.set>[0]);
    const auth = await read(folder);
    expect(auth).toMatchObject({ creds: { me: { name: 'Alice' } }, keys: 11, passedOver: [] });
    expect(auth.writes[0]?.value).toEqual(JSON.parse(JSON.stringify(state.creds), reviveBuffers) as unknown);
    expect(keysOf(auth)).toEqual(
      Object.entries(KEYS)
        .flatMap(([type, rows]) => Object.entries(rows).map(([id, value]): [string, string, unknown] => [type, id, value]))
        .sort(),
    );
  });

  it('go out as Baileys reads them', async () => {
    const folder = tempFolder();
    const creds = pairedCreds('6281200000001');
    for (const [name, content] of classicFiles(asWrites(creds))) writeFileSync(join(folder, name), content);
    const { state } = await useMultiFileAuthState(folder);
    expect(state.creds.noiseKey).toEqual({ public: Buffer.from(creds.noiseKey.public), private: Buffer.from(creds.noiseKey.private) });
    expect(state.creds.me).toEqual(creds.me);
    for (const [type, rows] of Object.entries(KEYS).filter(([name]) => name !== 'app-state-sync-key')) {
      expect(await state.keys.get(type as 'session', Object.keys(rows))).toEqual(rows);
    }
    const { ['AAAA//+b']: syncKey } = await state.keys.get('app-state-sync-key', ['AAAA//+b']);
    expect(syncKey?.keyData).toEqual(KEYS['app-state-sync-key']['AAAA//+b'].keyData);
  });

  it('may have bytes as lists, as JSON writes them by itself', async () => {
    const folder = writeClassic(tempFolder(), { 'creds.json': pairedCreds('6281200000001') });
    const listed = { public: { ...preKey.public }, private: preKey.private.toJSON() };
    writeFileSync(join(folder, 'pre-key-7.json'), JSON.stringify(listed));
    expect(keysOf(await read(folder))).toEqual([['pre-key', '7', preKey]]);
  });

  it('are refused when they were never paired, or a part is missing', async () => {
    const unpaired = { ...pairedCreds('1'), me: undefined, account: undefined };
    await expect(read(writeClassic(tempFolder(), { 'creds.json': unpaired }))).rejects.toThrow(
      'it was never paired: creds.json has no me.id, account',
    );
    for (const name of ['noiseKey', 'signedIdentityKey', 'signedPreKey', 'registrationId'] as const) {
      const creds = { ...pairedCreds('1'), [name]: undefined };
      await expect(read(writeClassic(tempFolder(), { 'creds.json': creds }))).rejects.toThrow(`creds.json has no ${name}`);
    }
    const damaged = { ...pairedCreds('1'), noiseKey: 'x' };
    await expect(read(writeClassic(tempFolder(), { 'creds.json': damaged }))).rejects.toThrow('creds.json is damaged: noiseKey');
  });

  it('are refused when a file that matters is broken, and it is named', async () => {
    for (const [name, text, sentence] of [
      ['creds.json', '{"noiseKey":', 'creds.json cannot be read: it breaks off'],
      ['session-6281.0.json', '', 'session-6281.0.json cannot be read: it is empty'],
      ['session-6281.0.json', 'secret', 'session-6281.0.json cannot be read: it is not JSON'],
      ['pre-key-4.json', '{}', 'pre-key-4.json does not hold what its name says'],
      ['new-thing-1.json', '{}', 'new-thing-1.json is no file of Baileys'],
    ] as const) {
      const folder = writeClassic(tempFolder(), { 'creds.json': pairedCreds('1') });
      writeFileSync(join(folder, name), text);
      await expect(read(folder)).rejects.toThrow(sentence);
    }
  });

  it('come in without files that do not matter, which are named', async () => {
    const folder = writeClassic(tempFolder(), { 'creds.json': pairedCreds('1') });
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    writeFileSync(join(folder, 'device-list-6281.json'), '["0"');
    expect((await read(folder)).passedOver).toEqual([
      expect.stringMatching(/^device-list-6281\.json cannot be read.*learned anew$/),
      'notes.txt is passed over: it is no file of Baileys',
    ]);
  });
});

const reviveBuffers = (_key: string, value: unknown): unknown => {
  const { type, data } = (value ?? {}) as { type?: string; data?: number[] };
  return type === 'Buffer' && data ? Buffer.from(data) : value;
};
