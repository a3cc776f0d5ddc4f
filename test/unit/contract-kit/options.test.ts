import { describe, expect, test } from 'vitest';
import { parseCommand, secretsOf, UsageError } from '../../contract-kit/options.js';

describe('the command line', () => {
  test('of a worker has the guide’s prefixes and interval unless told otherwise', () => {
    expect(parseCommand(['--worker', 'http://localhost:8001/'])).toEqual({
      jsonFile: undefined,
      kit: {
        target: 'worker',
        url: 'http://localhost:8001',
        token: undefined,
        dialect: 'guide',
        prefixes: { api: '/api/v1', webhooks: '/api/webhooks' },
        paired: undefined,
        listen: undefined,
        heartbeatMs: 30_000,
        patienceMs: 60_000,
      },
    });
  });

  test('of a backend has the login below its prefix', () => {
    const { kit } = parseCommand(['--backend', 'http://b', '--token', 't', '--dialect', 'whatsam', '--admin', 'a@b.c:x:y']);
    expect(kit).toMatchObject({ prefixes: { api: '/api' }, loginPath: '/api/auth/login', admin: { email: 'a@b.c', password: 'x:y' } });
  });

  test('takes a port, or a host and a port, to listen at', () => {
    expect(parseCommand(['--worker', 'http://w', '--listen', '9000']).kit).toMatchObject({ listen: { host: '127.0.0.1', port: 9_000 } });
    expect(parseCommand(['--worker', 'http://w', '--listen', '0.0.0.0:9000']).kit).toMatchObject({
      listen: { host: '0.0.0.0', port: 9_000 },
    });
  });

  test.each([
    ['an interval that is no number', ['--worker', 'http://w', '--heartbeat-ms', 'soon']],
    ['a port above 65535', ['--worker', 'http://w', '--listen', '65536']],
    ['a prefix without a slash', ['--worker', 'http://w', '--api-prefix', 'api']],
    ['an admin without a password', ['--backend', 'http://b', '--token', 't', '--admin', 'a@b.c']],
    ['an admin and a JWT', ['--backend', 'http://b', '--token', 't', '--admin', 'a@b.c:x', '--jwt', 'j']],
    ['an option without its value', ['--worker']],
  ])('is refused with %s', (_name, args) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
  });

  test('holds the token and the password as secrets', () => {
    const { kit } = parseCommand(['--backend', 'http://b', '--token', 'one', '--admin', 'a@b.c:two']);
    expect(kit === 'list' ? [] : secretsOf(kit)).toEqual(['one', 'two']);
  });
});
