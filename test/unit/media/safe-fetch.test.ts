import { Resolver } from 'node:dns/promises';
import type { RequestListener } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { parseFetchAllowance } from '../../../supervisor/media/fetch-allowance.js';
import { FetchTargets, resolverOf, type Resolve } from '../../../supervisor/media/fetch-target.js';
import { SafeFetch, type FetchedHeaders, type SafeFetchOptions } from '../../../supervisor/media/safe-fetch.js';
import { startNameServer, type NameServer } from '../../support/name-server.js';
import { serveFiles, type FileServer } from './file-server.js';

/** Another address of this machine, which the tests allow. */
const ALLOWED = '127.0.0.2';
const SECRET = 'what only this machine may see';

type Outcome = { text: string; headers: FetchedHeaders } | AppError;

interface Setting {
  canary: FileServer;
  /** On the port of the canary, at the allowed address. */
  friend: FileServer;
  names: NameServer;
  fetch: (url: string) => Promise<Outcome>;
}

const text: RequestListener = (_request, response) => void response.end('hello');

/** A canary on 127.0.0.1 whose port passes for a public one, so that nothing but its address keeps it from being reached. */
const setUp = async (
  answers: (name: string, time: number) => readonly string[] = () => [],
  friendly: (setting: { port: number }) => RequestListener = () => text,
  options: Partial<SafeFetchOptions> = {},
): Promise<Setting> => {
  const canary = await serveFiles((_request, response) => void response.end(SECRET));
  const friend = await serveFiles((request, response) => friendly(canary)(request, response), ALLOWED, canary.port);
  const names = await startNameServer(answers);
  onTestFinished(async () => names.close());
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([names.address]);
  return { canary, friend, names, fetch: fetching(ALLOWED, resolverOf(resolver), canary.port, options) };
};

const fetching = (allow: string, resolve: Resolve, port: number, options: Partial<SafeFetchOptions> = {}): Setting['fetch'] => {
  const targets = new FetchTargets(parseFetchAllowance(allow) ?? expect.unreachable(), resolve, new Set([String(port), '']));
  const safe = new SafeFetch({ targets, totalMs: 20_000, ...options });
  return async (url) =>
    safe
      .fetch(new URL(url), async (bytes, headers) => {
        const chunks: Buffer[] = [];
        for await (const chunk of bytes) chunks.push(chunk);
        return { text: Buffer.concat(chunks).toString(), headers };
      })
      .catch((error: unknown) => (error instanceof AppError ? error : expect.unreachable(String(error))));
};

const REFUSED = 'Media cannot be fetched from this URL: its host is unknown, not public, or its port is not one of the web.';
const expectRefused = (outcome: Outcome): void => {
  expect(outcome).toMatchObject({ code: 'MEDIA_URL_REFUSED', message: REFUSED });
};

/** In every form that has ever led somebody to loopback; `PORT` is the canary's. */
const TO_THE_CANARY = [
  'http://127.0.0.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://localhost:PORT/',
  'http://LOCALHOST:PORT/',
  'http://localhost.:PORT/',
  'http://127.1:PORT/',
  'http://127.0.1:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0x7f.0.0.1:PORT/',
  'http://0x7f.1:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://017700000001:PORT/',
  'http://0177.0.0.0x1:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://127。0。0。1:PORT/',
  'http://0.0.0.0:PORT/',
  'http://0:PORT/',
  'http://[::1]:PORT/',
  'http://[::]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[64:ff9b::127.0.0.1]:PORT/',
  'http://[2002:7f00:1::]:PORT/',
  'http://user@127.0.0.1:PORT/',
  'http://127.0.0.2:PORT@127.0.0.1:PORT/',
  'http://127.0.0.2%2f@127.0.0.1:PORT/',
  'http://user:secret@127.0.0.2:PORT/',
  'http://127.0.0.3:PORT/',
  'http://loopback.test:PORT/',
  'http://loopback.test.:PORT/',
  'http://mapped.test:PORT/',
  'http://sixth.test:PORT/',
  'http://either.test:PORT/',
  'http://unknown.test:PORT/',
  'ftp://127.0.0.2:PORT/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:PORT/_GET',
  'data:text/plain,hello',
] as const;

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1'],
  'loopback.test': ['127.0.0.1'],
  'mapped.test': ['0:0:0:0:0:ffff:7f00:1'],
  'sixth.test': ['::1'],
  'either.test': [ALLOWED, '127.0.0.1'],
  'friend.test': [ALLOWED],
};
const known = (name: string): readonly string[] => ADDRESSES[name] ?? [];

it('reaches no address that is not public, however it is written', async () => {
  const { canary, fetch } = await setUp(known);
  for (const form of TO_THE_CANARY) {
    const outcome = await fetch(form.replaceAll('PORT', String(canary.port)));
    expectRefused(outcome);
    expect([form, canary.connections()]).toEqual([form, 0]);
  }
});

it('reaches none by a redirect either', async () => {
  const { canary, friend, fetch } = await setUp(known, () => (request, response) => {
    const to = new URL(request.url ?? '', 'http://any').searchParams.get('to') ?? '';
    response.writeHead(302, { location: to.replace(/[^ -~]/gu, encodeURIComponent) }).end();
  });
  for (const form of TO_THE_CANARY) {
    const to = form.replaceAll('PORT', String(canary.port));
    expectRefused(await fetch(`${friend.url}/?to=${encodeURIComponent(to)}`));
    expect([form, canary.connections()]).toEqual([form, 0]);
  }
  expect(friend.requests).toHaveLength(TO_THE_CANARY.length);
});

it.each([
  '10.0.0.1',
  '169.254.169.254',
  '100.100.100.200',
  '168.63.129.16',
  '192.168.0.1',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '255.255.255.255',
])('does not even try %s', async (host) => {
  const { fetch } = await setUp();
  expectRefused(await fetch(`http://${host}/latest/meta-data/`));
});

it('connects to the address that it checked, though the name has another one by then', async () => {
  const { canary, friend, names, fetch } = await setUp((_name, time) => [time === 0 ? ALLOWED : '127.0.0.1']);
  expect(await fetch(`http://rebinding.test:${canary.port}/`)).toMatchObject({ text: 'hello' });
  expect(friend.requests).toHaveLength(1);
  expect(new Set(names.asked)).toEqual(new Set(['rebinding.test']));
  expect(canary.connections()).toBe(0);
});

it('checks a name again for every redirect', async () => {
  const { canary, fetch } = await setUp(
    (_name, time) => [time === 0 ? ALLOWED : '127.0.0.1'],
    () => (_request, response) => void response.writeHead(302, { location: '/again' }).end(),
  );
  expectRefused(await fetch(`http://rebinding.test:${canary.port}/`));
  expect(canary.connections()).toBe(0);
});

it('refuses ports of public hosts that are not of the web, and allows them where the operator did', async () => {
  const { friend, canary } = await setUp();
  const resolve = vi.fn<Resolve>(async () => Promise.resolve(['1.1.1.1']));
  expectRefused(await fetching('10.0.0.0/8', resolve, canary.port)('http://public.test:22/'));
  expect(await fetching(ALLOWED, resolve, 1)(`${friend.url}/`)).toMatchObject({ text: 'hello' });
});

it('fetches by the name that the operator allowed', async () => {
  const { canary } = await setUp();
  const outcome = await fetching('localhost', async () => Promise.resolve([]), 1)(`http://LocalHost.:${canary.port}/`);
  expect(outcome).toMatchObject({ text: SECRET });
});

it('tells what the server said of the file, and sends nothing of ours', async () => {
  const { friend, fetch } = await setUp(known, () => (request, response) => {
    if (request.url === '/a') response.writeHead(307, { location: '/files/A%20photo.jpg', 'set-cookie': 'a=b' }).end();
    else response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': 5 }).end('hello');
  });
  const headers: FetchedHeaders = { contentType: 'image/jpeg', contentLength: 5, fileName: 'A photo.jpg' };
  expect(await fetch(`${friend.url}/a`)).toEqual({ text: 'hello', headers });
  for (const request of friend.requests) {
    expect(request.headers).toEqual({
      ...{ accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'whatsapp-gateway-worker' },
      ...{ host: `${ALLOWED}:${friend.port}`, connection: 'close' },
    });
  }
});

it.each<[string, RequestListener, string]>([
  ['404', (_request, response) => void response.writeHead(404).end('no'), 'its server answered 404'],
  ['206', (_request, response) => void response.writeHead(206).end('half'), 'its server answered 206'],
  ['a compressed file', (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), 'compressed'],
  ['redirects without end', (_request, response) => void response.writeHead(301, { location: '/' }).end(), 'more than 5 times'],
  ['a redirect to nowhere', (_request, response) => void response.writeHead(303).end(), 'without saying where'],
  [
    'half a file',
    (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('half', () => response.destroy()),
    'whole file',
  ],
  ['half a file of unknown length', (_request, response) => void response.write('half', () => response.destroy()), 'broke'],
])('says what was wrong about %s', async (_what, listener, sentence) => {
  const { friend, fetch } = await setUp(known, () => listener);
  const outcome = await fetch(friend.url);
  expect(outcome).toMatchObject({ code: 'MEDIA_FETCH_FAILED' });
  expect((outcome as AppError).message).toContain(sentence);
});

it.each<[string, RequestListener, Partial<SafeFetchOptions>, string]>([
  ['says nothing', () => undefined, { idleMs: 100 }, 'did not answer in time'],
  ['stops in the middle', (_request, response) => void response.write('half'), { idleMs: 100 }, 'did not answer in time'],
  [
    'goes on for ever',
    (_request, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.once('close', () => clearInterval(drip));
    },
    { totalMs: 300 },
    'took too long',
  ],
])('gives up on a server that %s', async (_what, listener, options, sentence) => {
  const { friend, fetch } = await setUp(known, () => listener, options);
  const outcome = await fetch(friend.url);
  expect(outcome).toMatchObject({ code: 'MEDIA_FETCH_FAILED' });
  expect((outcome as AppError).message).toContain(sentence);
});

it('says that a server is not there, without naming it', async () => {
  const { fetch } = await setUp();
  const outcome = (await fetch(`http://${ALLOWED}:1/`)) as AppError;
  expect(outcome).toMatchObject({
    code: 'MEDIA_FETCH_FAILED',
    message: 'The media could not be fetched: its server accepts no connection.',
  });
});

it('has at most four under way, and lets the others wait', async () => {
  const held: (() => void)[] = [];
  const { friend, fetch } = await setUp(known, () => (_request, response) => void held.push(() => response.end('hello')));
  const all = Array.from({ length: 6 }, async (_, n) => fetch(`${friend.url}/${n}`));
  await vi.waitFor(() => expect(held).toHaveLength(4));
  held.shift()?.();
  await vi.waitFor(() => expect(friend.requests).toHaveLength(5));
  const open = (): void => held.splice(0).forEach((end) => end());
  open();
  await vi.waitFor(() => expect(friend.requests).toHaveLength(6));
  await vi.waitFor(() => expect(held.length).toBeGreaterThan(0));
  open();
  expect(await Promise.all(all)).toHaveLength(6);
});
