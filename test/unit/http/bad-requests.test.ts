import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badRequests, checkBadRequest } from '../../contract/bad-requests.js';
import { startServer, TOKEN, type Fixture } from './http-fixture.js';

const sessionId = 'user123-personal';

const access = [
  { name: 'with a token', token: TOKEN, changes: {} },
  { name: 'without a token', token: undefined, changes: { apiAccess: 'loopback', authToken: undefined } },
  { name: 'of a whatsam gateway', token: TOKEN, changes: { backend: { dialect: 'whatsam' } }, dialect: 'whatsam' },
] as const;

describe.each(access)('bad requests $name', ({ token, changes, ...rest }) => {
  let fixture: Fixture;
  const rows = badRequests({ token, sessionId, ...rest });

  beforeAll(async () => {
    fixture = await startServer(changes);
    await fixture.worker.sessions.create({ sessionId });
  });
  afterAll(async () => fixture.server.close(0));

  it('are many and have different names', () => {
    expect(rows.length).toBeGreaterThan(100);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it.each(rows)('$name: $code', async (row) => {
    expect(await checkBadRequest({ baseUrl: fixture.baseUrl, token }, row)).toEqual([]);
    expect((await fetch(`${fixture.baseUrl}/health`)).status).toBe(200);
  });

  it('created nothing, sent nothing and logged no server error', () => {
    expect(fixture.worker.sessions.list().map((view) => view.sessionId)).toEqual([sessionId]);
    expect(fixture.worker.sent).toEqual([]);
    expect(fixture.lines.filter((line) => Number(line['level']) >= 40)).toEqual([]);
    expect({}).not.toHaveProperty('sessionId');
  });
});
