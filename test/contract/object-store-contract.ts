// What every object store keeps, whatever holds the objects.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ObjectStoreError, type ObjectInfo, type ObjectStore, type ObjectStoreTrouble } from '../../shared/object-store/object-store.js';

export interface StoreUnderTest {
  store: ObjectStore;
  /** Takes away what `make` made. */
  close: () => Promise<void>;
}

export const objectStoreContract = (name: string, make: () => Promise<StoreUnderTest>): void => {
  describe(`${name} as an object store`, () => {
    const root = `contract/${randomUUID()}/`;
    let under: StoreUnderTest;
    let store: ObjectStore;
    let used = 0;
    /** A prefix of its own for each test. */
    const prefix = (): string => `${root}${String(used++).padStart(3, '0')}/`;

    beforeAll(async () => {
      under = await make();
      store = under.store;
      await store.open();
    });
    afterAll(async () => {
      await store.delete((await listed(store, root)).map(({ key }) => key));
      expect(await listed(store, root)).toEqual([]);
      await store.close();
      await under.close();
    });

    it('opens again, and keeps what is there', async () => {
      const key = `${prefix()}a`;
      await store.put(key, Buffer.from('kept'));
      await store.open();
      expect((await store.get(key))?.body.toString()).toBe('kept');
    });

    it('gives back what was put, also nothing and a mebibyte', async () => {
      const at = prefix();
      for (const body of [Buffer.alloc(0), Buffer.from('text'), randomBytes(1024 * 1024)]) {
        const { etag } = await store.put(`${at}b`, body);
        const found = await store.get(`${at}b`);
        expect(found?.body.equals(body)).toBe(true);
        expect(found?.etag).toBe(etag);
      }
    });

    it('knows nothing of a key that was never put, of a folder, and of what is below an object', async () => {
      const at = prefix();
      await store.put(`${at}folder/object`, Buffer.from('x'));
      for (const key of [`${at}nothing`, `${at}folder`, `${at}folder/object/below`]) {
        expect(await store.get(key)).toBeUndefined();
        expect(await store.getStream(key)).toBeUndefined();
      }
    });

    it('changes the etag with the content', async () => {
      const key = `${prefix()}c`;
      const first = await store.put(key, Buffer.from('1'));
      const second = await store.put(key, Buffer.from('2'));
      expect(second.etag).not.toBe(first.etag);
    });

    it('puts only on a free key when asked to', async () => {
      const key = `${prefix()}d`;
      await store.put(key, Buffer.from('first'), { ifAbsent: true });
      await rejects(store.put(key, Buffer.from('second'), { ifAbsent: true }), 'precondition');
      expect((await store.get(key))?.body.toString()).toBe('first');
    });

    it('replaces only the object it is told to', async () => {
      const key = `${prefix()}e`;
      const { etag } = await store.put(key, Buffer.from('1'));
      const next = await store.put(key, Buffer.from('2'), { ifMatch: etag });
      await rejects(store.put(key, Buffer.from('3'), { ifMatch: etag }), 'precondition');
      await store.put(key, Buffer.from('4'), { ifMatch: next.etag });
      expect((await store.get(key))?.body.toString()).toBe('4');
    });

    it('does not replace what is gone', async () => {
      const key = `${prefix()}f`;
      const { etag } = await store.put(key, Buffer.from('1'));
      await store.delete([key]);
      await rejects(store.put(key, Buffer.from('2'), { ifMatch: etag }), 'precondition');
      expect(await store.get(key)).toBeUndefined();
    });

    it('lets exactly one of many win a free key', async () => {
      const key = `${prefix()}g`;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, async (_, n) => store.put(key, Buffer.from(String(n)), { ifAbsent: true })),
      );
      const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
      expect(winners).toHaveLength(1);
      expect((await store.get(key))?.body.toString()).toBe(String(winners[0]));
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(kindOf(outcome.reason)).toBe('precondition');
    });

    it('lets exactly one of many replace the same object', async () => {
      const key = `${prefix()}h`;
      const { etag } = await store.put(key, Buffer.from('before'));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, async (_, n) => store.put(key, Buffer.from(String(n)), { ifMatch: etag })),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('never shows half of a put', async () => {
      const key = `${prefix()}i`;
      const bodies = ['a', 'b'].map((letter) => Buffer.alloc(300_000, letter));
      const [first] = bodies;
      if (!first) throw new Error('no body');
      await store.put(key, first);
      const state = { writing: true };
      const writes = (async () => {
        for (let n = 0; n < 10; n++) await store.put(key, bodies[n % 2] ?? first);
        state.writing = false;
      })();
      while (state.writing) {
        const found = await store.get(key);
        expect(bodies.some((body) => found?.body.equals(body))).toBe(true);
      }
      await writes;
    });

    it('lists a prefix in key order with sizes and times, and nothing of its neighbours', async () => {
      const at = prefix();
      const names = ['user1/b', 'user1/a/2', 'user1/a/1', 'user1/a-b', 'user1/a.b', 'user1/a0', 'user10/x', 'user1.json', 'user/y'];
      await Promise.all(names.map(async (name) => store.put(`${at}${name}`, Buffer.from(name))));
      const found = await listed(store, `${at}user1/`);
      expect(found.map(({ key }) => key.slice(at.length))).toEqual([
        'user1/a-b',
        'user1/a.b',
        'user1/a/1',
        'user1/a/2',
        'user1/a0',
        'user1/b',
      ]);
      for (const { key, bytes, modifiedAt } of found) {
        expect(bytes).toBe(key.length - at.length);
        expect(Math.abs(modifiedAt - Date.now())).toBeLessThan(60_000);
      }
      expect((await listed(store, at)).map(({ key }) => key.slice(at.length))).toEqual([...names].sort());
      expect(await listed(store, `${at}nobody/`)).toEqual([]);
    });

    it('lists and deletes more objects than go into one page', async () => {
      const at = prefix();
      const keys = Array.from({ length: 1_005 }, (_, n) => `${at}${String(n).padStart(5, '0')}`);
      for (let from = 0; from < keys.length; from += 64) {
        await Promise.all(keys.slice(from, from + 64).map(async (key) => store.put(key, Buffer.from('x'))));
      }
      expect((await listed(store, at)).map(({ key }) => key)).toEqual(keys);
      await store.delete(keys);
      expect(await listed(store, at)).toEqual([]);
    });

    it('stops a list that is left early', async () => {
      const at = prefix();
      for (const name of ['a', 'b', 'c']) await store.put(`${at}${name}`, Buffer.from('x'));
      for await (const { key } of store.list(at)) {
        expect(key).toBe(`${at}a`);
        break;
      }
    });

    it('deletes what is there and takes no offence at what is not', async () => {
      const at = prefix();
      await store.put(`${at}x/y/a`, Buffer.from('a'));
      await store.put(`${at}x/b`, Buffer.from('b'));
      await store.delete([]);
      await store.delete([`${at}x/y/a`, `${at}x/y/a`, `${at}nothing`, `${at}no/where/at/all`]);
      await store.delete([`${at}x/y/a`]);
      expect((await listed(store, at)).map(({ key }) => key)).toEqual([`${at}x/b`]);
      await store.put(`${at}x/y/a`, Buffer.from('again'));
      expect((await store.get(`${at}x/y/a`))?.body.toString()).toBe('again');
    });

    it('keeps a put although its last neighbour is deleted at that moment', async () => {
      const at = prefix();
      for (let n = 0; n < 10; n++) {
        await store.put(`${at}folder/old`, Buffer.from('x'));
        await Promise.all([store.delete([`${at}folder/old`]), store.put(`${at}folder/new`, Buffer.from(String(n)))]);
        expect((await store.get(`${at}folder/new`))?.body.toString()).toBe(String(n));
        await store.delete([`${at}folder/new`]);
      }
    });

    it('takes long keys of every allowed character', async () => {
      const at = prefix();
      const key = `${at}${'AZaz09._-'.repeat(25)}/${'x'.repeat(255)}/auth_info_baileys/...x`;
      await store.put(key, Buffer.from('long'));
      expect((await store.get(key))?.body.toString()).toBe('long');
      expect((await listed(store, at)).map((info) => info.key)).toEqual([key]);
    });

    it.each(['', '/a', 'a//b', 'a/', 'a/../b', './a', 'a b', 'ü', 'a+b', 'x'.repeat(256)])('refuses the key %j', async (key) => {
      await rejects(store.put(key, Buffer.from('x')), 'invalid');
      await rejects(store.putStream(key, Readable.from([Buffer.from('x')]), 1), 'invalid');
      await rejects(store.get(key), 'invalid');
      await rejects(store.getStream(key), 'invalid');
      await rejects(store.delete([key]), 'invalid');
    });

    it.each(['', '/', 'a', 'a//', '../'])('refuses the prefix %j', async (bad) => {
      await rejects(listed(store, bad), 'invalid');
    });

    it.each([0, 1, 100_000, 20 * 1024 * 1024 + 7])('streams %i bytes there and back', async (bytes) => {
      const key = `${prefix()}stream`;
      const body = randomBytes(bytes);
      await store.putStream(key, Readable.from(slices(body, 77_777), { objectMode: false }), bytes);
      expect(digest((await store.get(key))?.body)).toBe(digest(body));
      const found = await store.getStream(key);
      expect(found?.bytes).toBe(bytes);
      expect(digest(found && (await buffer(found.body)))).toBe(digest(body));
    });

    it('forgets a stream that is destroyed, read or not', async () => {
      const key = `${prefix()}stream`;
      await store.put(key, randomBytes(4 * 1024 * 1024));
      for (let n = 0; n < 40; n++) {
        const found = await store.getStream(key);
        if (n % 2) await new Promise((resolve) => found?.body.once('data', resolve));
        found?.body.destroy();
      }
      expect((await store.get(key))?.body.length).toBe(4 * 1024 * 1024);
    });

    for (const [size, bytes] of [
      ['small', 100_000],
      ['large', 20 * 1024 * 1024],
    ] as const) {
      it(`leaves nothing of a ${size} stream whose source fails, ends early, brings too much or is destroyed`, async () => {
        const key = `${prefix()}stream`;
        const half = Buffer.alloc(bytes / 2);
        const failing = (then: 'throw' | 'end' | 'more'): Readable =>
          Readable.from(
            (function* () {
              yield half;
              if (then === 'throw') throw new Error('the disk is on fire');
              if (then === 'more') yield* [half, half];
            })(),
            { objectMode: false },
          );
        await rejects(store.putStream(key, failing('throw'), bytes), 'invalid', /the disk is on fire/);
        await rejects(store.putStream(key, failing('end'), bytes), 'invalid');
        await rejects(store.putStream(key, failing('more'), bytes), 'invalid');
        const destroyed = new Readable({ read: () => undefined });
        destroyed.push(half);
        setTimeout(() => destroyed.destroy(), 50);
        await rejects(store.putStream(key, destroyed, bytes), 'invalid');
        const gone = Readable.from([half]);
        gone.destroy();
        await rejects(store.putStream(key, gone, bytes), 'invalid');
        expect(await store.get(key)).toBeUndefined();
        expect(await listed(store, key.slice(0, -'stream'.length))).toEqual([]);
      });
    }

    it('keeps the old object when a stream that would replace it fails', async () => {
      const key = `${prefix()}stream`;
      await store.put(key, Buffer.from('old'));
      await rejects(store.putStream(key, Readable.from([Buffer.from('ne')]), 3), 'invalid');
      expect((await store.get(key))?.body.toString()).toBe('old');
    });
  });
};

export const listed = async (store: ObjectStore, prefix: string): Promise<ObjectInfo[]> => {
  const found: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) found.push(info);
  return found;
};

export const kindOf = (error: unknown): ObjectStoreTrouble => {
  if (error instanceof ObjectStoreError) return error.kind;
  throw new Error('not an ObjectStoreError', { cause: error });
};

/** Expects an `ObjectStoreError` of this kind. */
export const rejects = async (promise: Promise<unknown>, kind: ObjectStoreTrouble, message = /./): Promise<void> => {
  const outcome: unknown = await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ObjectStoreError);
  expect(outcome).toMatchObject({ kind });
  expect((outcome as Error).message).toMatch(message);
};

const digest = (body: Buffer | undefined): string | undefined => body && createHash('sha256').update(body).digest('hex');

function* slices(body: Buffer, size: number): Generator<Buffer> {
  for (let from = 0; from < body.length; from += size) yield body.subarray(from, from + size);
}
