import type { SignalDataTypeMap } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fileNameOf, KEY_TYPES, keyNameOf } from '../../../supervisor/transfer/classic-names.js';

const digits = fc.stringMatching(/^[1-9]\d{4,15}$/);
const device = fc.nat({ max: 99 });
const user = fc.tuple(digits, fc.constantFrom('', '_1', '_128')).map((parts) => parts.join(''));
const address = fc.tuple(user, device).map(([name, number]) => `${name}.${number}`);
const group = fc.oneof(
  digits.map((id) => `${id}@g.us`),
  fc.tuple(digits, digits).map(([creator, time]) => `${creator}-${time}@g.us`),
  fc.constant('status@broadcast'),
);

/** Ids as Baileys makes them. */
const IDS: Record<keyof SignalDataTypeMap, fc.Arbitrary<string>> = {
  'pre-key': fc.nat().map(String),
  session: address,
  'identity-key': address,
  'sender-key': fc.tuple(group, user, device).map(([where, who, number]) => `${where}::${who}::${number}`),
  'sender-key-memory': group,
  'app-state-sync-key': fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  'app-state-sync-version': fc.constantFrom('critical_block', 'critical_unblock_low', 'regular_high', 'regular_low', 'regular'),
  'lid-mapping': fc.oneof(
    digits,
    digits.map((lid) => `${lid}_reverse`),
  ),
  'device-list': digits,
  tctoken: fc.oneof(
    digits.map((lid) => `${lid}@lid`),
    fc.constant('__index'),
  ),
};

const key = fc.constantFrom(...Object.entries(IDS)).chain(([type, ids]) => ids.map((id) => ({ type, id })));

it('reads back the name of every key that Baileys keeps', () => {
  fc.assert(
    fc.property(key, (name) => {
      expect(keyNameOf(fileNameOf(name))).toEqual(name);
    }),
    { numRuns: 2_000 },
  );
});

it('gives every file of a known name the same name again', () => {
  const part = fc.constantFrom(...Object.keys(KEY_TYPES), '_', '__', '-', '--', '.', '1', '22', '@g.us', 'a', '=');
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(KEY_TYPES)), fc.array(part), (type, parts) => {
      const fileName = `${type}-${parts.join('')}.json`;
      const name = keyNameOf(fileName);
      if (name) expect(fileNameOf(name)).toBe(fileName);
    }),
    { numRuns: 2_000 },
  );
});

it('knows every type of key that Baileys has', () => {
  expect(Object.keys(KEY_TYPES).sort()).toEqual(Object.keys(IDS).sort());
});

it('takes nothing else for a key', () => {
  for (const name of [
    'creds.json',
    'session-data.json',
    'session-.json',
    'store.json',
    'pre-key-1.json.bak',
    'pre-key-x.json',
    'sender-key-1.json',
  ]) {
    expect(keyNameOf(name), name).toBeUndefined();
  }
});
