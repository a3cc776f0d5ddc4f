import { createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { fetchThrough } from '../../../session-runner/proxy/fetch-through.js';
import { proxyAgent } from '../../../session-runner/proxy/proxy-agent.js';
import { Dispatcher, routeFetch } from '../../../session-runner/proxy/route-fetch.js';
import { startConnectProxy } from '../../fixtures/connect-proxy.js';
import type { LocalProxy } from '../../fixtures/local-proxy.js';
import { startSocksProxy } from '../../fixtures/socks-proxy.js';
import { certifyLoopback, makeAuthority } from '../../whatsapp/wire/certificate-authority.js';

const CERTIFICATE = certifyLoopback(makeAuthority());
const CREDENTIALS = 'me:s3cr@t';
const ENCODED = 'me:s3cr%40t';

const serve = async (listener: RequestListener = (_request, response) => void response.end('hello')): Promise<string> => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const server = createServer(CERTIFICATE, listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const KINDS = [
  ['http', startConnectProxy],
  ['socks5', startSocksProxy],
] as const;
const start = async (kind: (credentials?: string) => Promise<LocalProxy>, credentials?: string): Promise<LocalProxy> => {
  const proxy = await kind(credentials);
  onTestFinished(async () => proxy.close());
  return proxy;
};
const through = (url: string, connectMs?: number) => {
  const failures: string[] = [];
  return { failures, agent: proxyAgent(url, (why) => failures.push(why), connectMs) };
};

it.each(KINDS)('fetches through a %s proxy, with a user and a password that have to be encoded', async (protocol, kind) => {
  const target = await serve();
  for (const [credentials, user] of [
    [undefined, ''],
    [CREDENTIALS, `${ENCODED}@`],
  ] as const) {
    const proxy = await start(kind, credentials);
    const { agent, failures } = through(`${protocol}://${user}${proxy.host}`);
    const response = await fetchThrough(agent, `https://${target}/file`, { headers: { Origin: 'https://x' } });
    expect([response.status, await response.text(), proxy.targets, failures]).toEqual([200, 'hello', [target], []]);
  }
});

it.each(KINDS)('tells why a %s proxy made no connection, without the password', async (protocol, kind) => {
  const target = await serve();
  const proxy = await start(kind, CREDENTIALS);
  const fails = async (url: string): Promise<string[]> => {
    const { agent, failures } = through(url, 200);
    const answer = await fetchThrough(agent, `https://${target}/file`).catch((error: unknown) => error);
    if (answer instanceof Response) expect(answer.ok).toBe(false);
    return failures;
  };
  const wrong = await fails(`${protocol}://me:wr0ng@${proxy.host}`);
  proxy.mood = 'refuse';
  const refused = await fails(`${protocol}://${ENCODED}@${proxy.host}`);
  proxy.mood = 'hang';
  const late = await fails(`${protocol}://${ENCODED}@${proxy.host}`);
  await proxy.close();
  const gone = await fails(`${protocol}://${ENCODED}@${proxy.host}`);
  for (const failures of [wrong, refused, late, gone]) {
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/./);
    expect(failures[0]).not.toMatch(/wr0ng|s3cr/);
  }
  expect(proxy.targets).toEqual([]);
});

it('goes on where it is sent to, but not for ever, and not without encryption', async () => {
  const target = await serve(({ url = '' }, response) => {
    if (url === '/end') response.end('arrived');
    else response.writeHead(302, { location: { '/once': '/end', '/round': '/round' }[url] ?? 'http://127.0.0.1/end' }).end();
  });
  const proxy = await start(startConnectProxy);
  const { agent } = through(`http://${proxy.host}`);
  expect(await (await fetchThrough(agent, `https://${target}/once`)).text()).toBe('arrived');
  expect((await fetchThrough(agent, `https://${target}/round`)).status).toBe(302);
  await expect(fetchThrough(agent, `https://${target}/plain`)).rejects.toThrow('only https');
});

it('ends a download with its signal', async () => {
  const target = await serve((_request, response) => void response.write('begun'));
  const proxy = await start(startSocksProxy);
  const { agent } = through(`socks5://${proxy.host}`);
  const end = new AbortController();
  const response = await fetchThrough(agent, `https://${target}/file`, { signal: end.signal });
  const reading = response.text();
  end.abort();
  await expect(reading).rejects.toThrow();
});

it('takes what Baileys fetches through the proxy of its options, and nothing else', async () => {
  const target = await serve();
  const proxy = await start(startConnectProxy);
  const { agent } = through(`http://${proxy.host}`);
  const before = globalThis.fetch;
  onTestFinished(() => void (globalThis.fetch = before));
  routeFetch();
  const init = { method: 'GET', dispatcher: new Dispatcher(agent) } as object;
  expect(await (await fetch(`https://${target}/history`, init)).text()).toBe('hello');
  expect(proxy.targets).toEqual([target]);
  expect(await (await fetch(`https://${target}/direct`)).text()).toBe('hello');
  expect(proxy.targets).toEqual([target]);
});
