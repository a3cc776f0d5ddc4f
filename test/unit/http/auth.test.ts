import { describe, expect, it } from 'vitest';
import { requestBytes, sendRaw } from '../../contract/raw-request.js';
import { closeServersAfterEach, startServer, TOKEN } from './http-fixture.js';

closeServersAfterEach();

describe('with a token', () => {
  it.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN} `])('accepts the scheme in any case', async (authorization) => {
    const { baseUrl } = await startServer();
    expect((await fetch(`${baseUrl}/sessions`, { headers: { Authorization: authorization } })).status).toBe(200);
  });

  it('tells a missing token from a wrong one', async () => {
    const { baseUrl } = await startServer();
    const missing = await fetch(`${baseUrl}/sessions`);
    const wrong = await fetch(`${baseUrl}/sessions`, { headers: { Authorization: 'Bearer wrong' } });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="worker"');
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="worker", error="invalid_token"');
  });

  it('lets any host and origin through, since the token says enough', async () => {
    const { baseUrl } = await startServer();
    const headers = { Authorization: `Bearer ${TOKEN}`, Host: 'worker.example', Origin: 'https://panel.example' };
    const answer = await sendRaw(baseUrl, requestBytes({ method: 'GET', path: '/sessions', headers }));
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe.each(['loopback', 'open'] as const)('without a token (%s)', (apiAccess) => {
  const statusFor = async (headers: Record<string, string>, method = 'GET', path = '/sessions'): Promise<number> => {
    const { baseUrl } = await startServer({ apiAccess, authToken: undefined });
    return (await sendRaw(baseUrl, requestBytes({ method, path, headers }))).status;
  };

  it.each(['localhost', 'localhost:8001', '127.0.0.1:8001', '[::1]:8001', 'worker.localhost'])(
    'answers programs that call %s',
    async (host) => {
      expect(await statusFor({ Host: host })).toBe(200);
    },
  );

  it('does not ask for the token that serves only the backend', async () => {
    const { baseUrl } = await startServer({ apiAccess, authToken: TOKEN });
    expect((await fetch(`${baseUrl}/sessions`)).status).toBe(200);
  });

  it('refuses web pages of another origin', async () => {
    expect(await statusFor({ Host: 'localhost:8001', Origin: 'https://evil.example' })).toBe(401);
    expect(await statusFor({ Host: 'localhost:8001', Origin: 'null' })).toBe(401);
    expect(await statusFor({ Host: 'localhost:8001', Origin: 'http://localhost:3000' }, 'POST', '/session/s1/logout')).toBe(401);
    expect(await statusFor({ Host: 'localhost:8001', Origin: 'http://localhost:8001' })).toBe(200);
  });

  it('on loopback, refuses a name that somebody pointed at this machine', async () => {
    expect(await statusFor({ Host: 'evil.example:8001' })).toBe(apiAccess === 'loopback' ? 401 : 200);
  });
});
