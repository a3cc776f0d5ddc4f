import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSealed, RowCipher, SealedRowError } from '../../../shared/store/row-cipher.js';
import { Store } from '../../../shared/store/store.js';
import { closing, tempFolder } from './temp-store.js';

const [key, other] = [randomBytes(32), randomBytes(32)];
const cipher = new RowCipher([key]);

it('opens what it sealed, at its place', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (value, place) => {
      const sealed = cipher.seal(value, place);
      expect(isSealed(sealed)).toBe(true);
      expect(Uint8Array.from(cipher.open(sealed, place))).toEqual(value);
      expect(() => cipher.open(sealed, `${place}'`)).toThrow(SealedRowError);
    }),
  );
});

it('opens nothing of which a bit was changed or a byte is missing', () => {
  const sealed = cipher.seal(Buffer.from('a secret'), 'place');
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
    expect(() => cipher.open(changed, 'place')).toThrow(SealedRowError);
    expect(() => cipher.open(sealed.subarray(0, at), 'place')).toThrow(SealedRowError);
  }
});

it('seals the same row differently each time', () => {
  expect(cipher.seal(Buffer.from('x'), 'place')).not.toEqual(cipher.seal(Buffer.from('x'), 'place'));
});

it('opens rows of an older key that is given after the new one, and names the key it does not have', () => {
  const sealed = cipher.seal(Buffer.from('x'), 'place');
  expect(new RowCipher([other, key]).open(sealed, 'place')).toEqual(Buffer.from('x'));
  expect(() => new RowCipher([other]).open(sealed, 'place')).toThrow(`encrypted with key ${cipher.keyId}, which is not among`);
});

it('takes keys of 32 bytes only, and at least one', () => {
  expect(() => new RowCipher([])).toThrow('32 bytes');
  expect(() => new RowCipher([key, randomBytes(31)])).toThrow('32 bytes');
});

const sealedStore = (folder: string, keys: Buffer[] = [key]): Store =>
  closing(new Store(folder, { tables: ['clear', 'secret'], sealed: ['secret'], cipher: new RowCipher(keys) }));
const SECRET = { bytes: Buffer.from('the credentials'), nested: [1, 'two'] };

it('lets a store read its sealed rows one by one, in ranges, and while they are being committed', async () => {
  const store = sealedStore(tempFolder());
  const committed = store.commit([{ table: 'secret', key: ['s', 1], value: SECRET }]);
  expect(store.get('secret', ['s', 1])).toEqual(SECRET);
  await committed;
  for (const size of [1, 5_000, 100_000]) await store.commit([{ table: 'secret', key: ['size', size], value: Buffer.alloc(size, 7) }]);
  expect(store.get('secret', ['s', 1])).toEqual(SECRET);
  for (const size of [100_000, 1, 5_000]) expect(store.get('secret', ['size', size])).toEqual(Buffer.alloc(size, 7));
  expect([...store.range<Buffer>('secret', { prefix: ['size'] })].map(({ value }) => value.length)).toEqual([1, 5_000, 100_000]);
});

it('leaves nothing to read of a row that is sealed, and other tables as they are', async () => {
  const store = sealedStore(tempFolder());
  await store.commit(['clear', 'secret'].map((table) => ({ table, key: ['k'], value: SECRET })));
  const [clear, secret] = ['clear', 'secret'].map((table) => [...store.rawRange(table)][0]?.value);
  expect(clear?.includes('the credentials')).toBe(true);
  expect(secret?.includes('the credentials')).toBe(false);
});

it('does not open a row that was put in the place of another', async () => {
  const store = sealedStore(tempFolder());
  await store.commit([{ table: 'secret', key: ['k'], value: SECRET }]);
  const value = [...store.rawRange('secret')][0]?.value;
  await store.commitRaw([
    { table: 'secret', key: ['elsewhere'], value },
    { table: 'clear', key: ['k'], value },
  ]);
  expect(() => store.get('secret', ['elsewhere'])).toThrow(SealedRowError);
  expect(() => store.get('clear', ['k'])).toThrow(SealedRowError);
  expect(store.get('secret', ['k'])).toEqual(SECRET);
});

it('moves to another store with the same key', async () => {
  const [from, to] = [sealedStore(tempFolder()), sealedStore(tempFolder())];
  await from.commit([{ table: 'secret', key: ['k'], value: SECRET }]);
  await to.commitRaw([...from.rawRange('secret')].map(({ key: place, value }) => ({ table: 'secret', key: place, value })));
  expect(to.get('secret', ['k'])).toEqual(SECRET);
});
