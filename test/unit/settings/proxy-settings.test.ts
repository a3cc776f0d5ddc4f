import { expect, it } from 'vitest';
import { proxyInUse } from '../../../shared/domain/proxy.js';
import { AppError } from '../../../shared/errors.js';
import { Settings } from '../../../supervisor/settings/settings.js';
import { settingsView } from '../../../supervisor/settings/settings-view.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { closing, tempFolder } from '../store/temp-store.js';

const SECRET = 's3cr%40t';
const OWN = `socks5://me:${SECRET}@proxy.example.com:1080`;
const OF_WORKER = `http://worker:${SECRET}@10.0.0.1:3128`;

const setUp = async (workerProxy?: string) => {
  const settings = new Settings({ store: closing(await openSupervisorStore(tempFolder())), workerProxy });
  const defaults = { markOnline: true, pace: { perMinute: undefined, burst: 5, typing: false }, proxy: workerProxy };
  const shown = () => settingsView(settings.of('s'), defaults).proxy;
  return { settings, shown, change: async (proxy: unknown) => settings.change('s', { proxy }) };
};

it('shows a proxy without its password, and takes what it showed for what is set', async () => {
  const { settings, shown, change } = await setUp();
  await change(OWN);
  expect(shown()).toBe('socks5://me:********@proxy.example.com:1080');
  await change(shown());
  expect(settings.of('s').proxy).toBe(OWN);
  await change(null);
  expect([shown(), settings.of('s')]).toEqual([null, {}]);
});

it('gives the password that is set to no other proxy', async () => {
  const { settings, change } = await setUp();
  await change(OWN);
  for (const other of [
    'socks5://me:********@evil.example.com:1080',
    'http://me:********@proxy.example.com:1080',
    'socks5://you:********@proxy.example.com:1080',
  ]) {
    await expect(change(other)).rejects.toThrow('proxy must have its password');
  }
  expect(settings.of('s').proxy).toBe(OWN);
});

it('shows the proxy of the worker where none is set, without making it the session’s own', async () => {
  const { settings, shown, change } = await setUp(OF_WORKER);
  expect(shown()).toBe('http://worker:********@10.0.0.1:3128/');
  await change(shown());
  expect(settings.of('s')).toEqual({});
  await change('direct');
  expect(shown()).toBe('direct');
  expect([
    proxyInUse('direct', OF_WORKER),
    proxyInUse(undefined, OF_WORKER),
    proxyInUse(OWN, OF_WORKER),
    proxyInUse(undefined, undefined),
  ]).toEqual([undefined, OF_WORKER, OWN, undefined]);
});

it.each([
  'ftp://proxy.example.com',
  'proxy.example.com:1080',
  'socks4://proxy.example.com:1080',
  'socks5://',
  'http://proxy.example.com/path',
  'http://proxy.example.com?query',
  'http://proxy.example.com:99999',
  `http://me:${'x'.repeat(3_000)}@proxy.example.com`,
  'http://me:pass word@proxy.example.com',
  'http://me:%zz@proxy.example.com',
  '',
  5,
  { url: 'http://proxy.example.com' },
])('refuses the proxy %j without saying what it was', async (proxy) => {
  const { change } = await setUp();
  const failure = await change(proxy).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AppError);
  expect((failure as AppError).message).toContain('proxy must be an http, https, socks5 or socks5h URL');
  expect(JSON.stringify([(failure as AppError).message, (failure as AppError).details])).not.toContain('x'.repeat(10));
});
