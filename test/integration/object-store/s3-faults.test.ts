import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';
import { kindOf, listed, rejects } from '../../contract/object-store-contract.js';
import { FaultProxy } from '../../support/object-servers/fault-proxy.js';
import { HOW_TO_INSTALL, ownServers } from '../../support/object-servers/find.js';
import type { OwnObjectServer } from '../../support/object-servers/object-server.js';

const MEBIBYTE = 1024 * 1024;
const PREFIX = `faults/${randomUUID()}/`;
let used = 0;
const freshKey = (): string => `${PREFIX}${used++}/object`;
/** For calls that must run into a deadline; all others have the usual ones. */
const QUICK = { idleMs: 1_000, totalMs: 2_000 };
const NEVER_MS = 600_000;
const ONCE = { attempts: 1 };
const PATIENT = { attempts: 4, baseMs: 20, maxMs: 50 };

const found = ownServers();
if (found.length === 0) it.skip(HOW_TO_INSTALL);

describe.each(found)('$name', ({ start }) => {
  let server: OwnObjectServer;
  let proxy: FaultProxy;
  /** Looks at the server itself. */
  let direct: S3ObjectStore;

  beforeAll(async () => {
    server = await start();
    proxy = await FaultProxy.start(server.port);
    direct = new S3ObjectStore(server);
    await direct.open();
  });
  afterEach(() => {
    proxy.set('pass');
  });
  afterAll(async () => {
    await direct.close();
    await proxy.stop();
    await server.stop();
  });

  const storeOf = (options: Partial<S3ObjectStoreOptions> = {}): S3ObjectStore => {
    const store = new S3ObjectStore({ ...server, endpoint: proxy.endpoint, retries: ONCE, ...options });
    onTestFinished(async () => store.close());
    return store;
  };
  const took = async (work: Promise<unknown>): Promise<number> => {
    const from = performance.now();
    await work;
    return performance.now() - from;
  };

  it('survives a storm of 503 without losing a connection', async () => {
    const store = storeOf({ maxSockets: 2 });
    proxy.set('answer-503');
    const before = proxy.connections;
    for (let n = 0; n < 25; n++) {
      await rejects(store.get(freshKey()), 'unavailable', /503 SlowDown/);
      await rejects(store.put(freshKey(), randomBytes(1_000)), 'unavailable');
      await rejects(listed(store, PREFIX), 'unavailable');
      await rejects(store.delete([freshKey()]), 'unavailable');
    }
    expect(proxy.connections - before).toBeLessThanOrEqual(2);
    proxy.set('pass');
    const key = freshKey();
    await store.put(key, Buffer.from('after the storm'));
    expect((await store.get(key))?.body.toString()).toBe('after the storm');
    expect(proxy.connections - before).toBeLessThanOrEqual(2);
  });

  it.each(['answer-503', 'refuse', 'drop-after-request', 'half-answer'] as const)('gets over %s by trying again', async (fault) => {
    const store = storeOf({ retries: PATIENT });
    const key = freshKey();
    for (const work of [
      async () => store.put(key, Buffer.from('x')),
      async () => store.get(key),
      async () => listed(store, PREFIX),
      async () => store.delete([key]),
    ]) {
      proxy.set(fault, { times: 2 });
      await work();
    }
    expect(await direct.get(key)).toBeUndefined();
  });

  it.each([
    ['refuse', 'unreachable'],
    ['freeze', 'timeout'],
    ['answer-503', 'unavailable'],
    ['answer-html', 'protocol'],
    ['drop-after-request', 'unreachable'],
    ['half-answer', 'unreachable'],
    ['trickle', 'timeout'],
  ] as const)('calls %s %s, and works again by itself afterwards', async (fault, kind) => {
    const store = storeOf(kind === 'timeout' ? { timeouts: QUICK } : {});
    const key = freshKey();
    await direct.put(key, randomBytes(100_000));
    proxy.set(fault);
    // An answer without a body has no half, and nothing that could trickle.
    if (fault !== 'half-answer' && fault !== 'trickle') {
      await rejects(store.put(freshKey(), Buffer.from('x')), kind);
      await rejects(store.putStream(freshKey(), Readable.from([Buffer.from('x')]), 1), kind);
    }
    await rejects(store.open(), kind);
    await rejects(store.get(key), kind);
    await rejects(listed(store, PREFIX), kind);
    await rejects(store.delete([key, freshKey()]), kind);
    proxy.set('pass');
    const again = async (): Promise<string | undefined> => {
      await store.open();
      await store.put(key, Buffer.from('again'));
      return (await store.get(key))?.body.toString();
    };
    // A busy machine may keep a short deadline from being met.
    expect(await (kind === 'timeout' ? vi.waitFor(again, 60_000) : again())).toBe('again');
  });

  it.each([
    ['freeze', { idleMs: QUICK.idleMs, totalMs: NEVER_MS }],
    ['trickle', { idleMs: NEVER_MS, totalMs: QUICK.totalMs }],
  ] as const)('keeps its deadline when the server does %s', async (fault, timeouts) => {
    const key = freshKey();
    await direct.put(key, randomBytes(100_000));
    proxy.set(fault);
    expect(await took(rejects(storeOf({ timeouts }).get(key), 'timeout'))).toBeLessThan(NEVER_MS / 10);
  });

  it('fails a stream that stands still or breaks, and not one whose reader is slow', async () => {
    const store = storeOf();
    const key = freshKey();
    const body = randomBytes(4 * MEBIBYTE);
    await store.put(key, body);
    const slow = await storeOf({ timeouts: QUICK }).getStream(key);
    await sleep(3 * QUICK.idleMs);
    expect(slow && (await buffer(slow.body)).equals(body)).toBe(true);
    proxy.set('half-answer');
    const half = await store.getStream(key);
    await rejects(buffer(half?.body ?? Readable.from([])), 'unreachable');
    proxy.set('pass');
    // More than the buffers on the way hold.
    await direct.put(key, randomBytes(32 * MEBIBYTE));
    const stalled = await storeOf({ endpoint: server.endpoint, timeouts: QUICK }).getStream(key);
    server.freeze();
    try {
      await rejects(buffer(stalled?.body ?? Readable.from([])), 'timeout');
    } finally {
      server.thaw();
    }
  });

  it('does not repeat a conditional put that may have landed, and the object is there', async () => {
    const store = storeOf({ retries: PATIENT });
    const key = freshKey();
    proxy.set('drop-after-request');
    await rejects(store.put(key, Buffer.from('landed'), { ifAbsent: true }), 'unreachable');
    proxy.set('pass');
    const landed = await store.get(key);
    expect(landed?.body.toString()).toBe('landed');
    await rejects(store.put(key, Buffer.from('again'), { ifAbsent: true }), 'precondition');
    await store.put(key, Buffer.from('next'), { ifMatch: landed?.etag ?? '' });
  });

  it('lets a put land after its deadline', async () => {
    const key = freshKey();
    server.freeze();
    try {
      const hasty = storeOf({ endpoint: server.endpoint, timeouts: QUICK });
      await rejects(hasty.put(key, Buffer.from('late'), { ifAbsent: true }), 'timeout');
    } finally {
      server.thaw();
    }
    const store = storeOf({ endpoint: server.endpoint });
    // The server may also find that nobody waits any more; what counts is that the key then is either free or holds this.
    const outcome = await store.put(key, Buffer.from('second'), { ifAbsent: true }).then(
      () => 'second',
      (error: unknown) => kindOf(error) === 'precondition' && 'late',
    );
    expect((await store.get(key))?.body.toString()).toBe(outcome);
  });

  it('comes back by itself after the server was away', async () => {
    const store = storeOf({ endpoint: server.endpoint });
    const key = freshKey();
    await store.put(key, Buffer.from('kept'), { ifAbsent: true });
    await server.stopGateway();
    await rejects(store.open(), 'unreachable');
    await rejects(store.get(key), 'unreachable');
    await rejects(store.put(key, Buffer.from('x')), 'unreachable');
    await server.startGateway();
    expect((await store.get(key))?.body.toString()).toBe('kept');
  });

  it('gives back what the parts of a failed upload take, at the latest with the next upload', async () => {
    const store = storeOf();
    const key = freshKey();
    const bytes = 20 * MEBIBYTE;
    proxy.set('refuse', { when: (request) => /partNumber=2|^DELETE/.test(request) });
    await rejects(store.putStream(key, Readable.from([randomBytes(bytes)]), bytes), 'unreachable');
    expect(await store.get(key)).toBeUndefined();
    proxy.set('pass');
    const from = proxy.requests.length;
    await store.putStream(key, Readable.from([randomBytes(bytes)]), bytes);
    expect(proxy.requests.slice(from).filter((request) => /^DELETE .*uploadId=/.test(request))).toHaveLength(1);
  });

  it('finishes an upload whose last answer was lost', async () => {
    const store = storeOf({ retries: PATIENT });
    const key = freshKey();
    const body = randomBytes(20 * MEBIBYTE);
    proxy.set('drop-after-request', { when: (request) => /^POST .*uploadId=/.test(request), times: 1 });
    await store.putStream(key, Readable.from([body]), body.length);
    expect((await store.get(key))?.body.equals(body)).toBe(true);
  });

  it('tells wrong keys, a wrong bucket name and a wrong clock apart, and names no secret', async () => {
    const secret = 'a-secret-nobody-may-read';
    await rejects(storeOf({ secretKey: secret }).open(), 'credentials', /^(?!.*a-secret)/);
    await rejects(storeOf({ accessKey: 'nobody' }).open(), 'credentials', /InvalidAccessKeyId/);
    await rejects(storeOf({ bucket: 'No_Bucket' }).open(), 'bucket');
    await rejects(storeOf({ bucket: 'never-made-before' }).put(freshKey(), Buffer.from('x')), 'bucket', /NoSuchBucket/);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 3_600_000 });
    try {
      await rejects(storeOf().open(), 'clock', /RequestTimeTooSkewed/);
    } finally {
      vi.useRealTimers();
    }
  });

  it('takes a server that speaks something else for none', async () => {
    await rejects(storeOf({ endpoint: `https://${server.endpoint}` }).open(), 'protocol');
    proxy.set({ status: 400, type: 'text/plain', body: 'Client sent an HTTP request to an HTTPS server.' });
    await rejects(storeOf().open(), 'protocol');
    proxy.set({ status: 404, type: 'text/plain', body: '404 page not found' });
    await rejects(storeOf().open(), 'protocol');
    await rejects(storeOf().get(freshKey()), 'protocol');
    proxy.set({ status: 200, type: 'application/json', body: '{}' });
    await rejects(storeOf().open(), 'protocol');
    await rejects(storeOf().get(freshKey()), 'protocol');
    await rejects(storeOf().getStream(freshKey()), 'protocol');
    await rejects(storeOf().put(freshKey(), Buffer.from('x')), 'protocol');
    proxy.set({ status: 302, type: 'text/html', body: '' });
    await rejects(storeOf().open(), 'protocol');
  });

  it('deletes one by one where a server cannot delete many', async () => {
    const store = storeOf();
    const keys = [freshKey(), freshKey()];
    for (const key of keys) await store.put(key, Buffer.from('x'));
    proxy.set(
      { status: 501, type: 'application/xml', body: '<Error><Code>NotImplemented</Code></Error>' },
      { when: (request) => request.endsWith('?delete') },
    );
    await store.delete([...keys, freshKey()]);
    for (const key of keys) expect(await store.get(key)).toBeUndefined();
  });

  it('calls a server without room full', async () => {
    proxy.set({ status: 507, type: 'application/xml', body: '<Error><Code>XMinioStorageFull</Code></Error>' });
    await rejects(storeOf().put(freshKey(), Buffer.from('x')), 'full');
  });
});
