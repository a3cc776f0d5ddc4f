import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../shared/config.js';
import { passedSocket } from '../../../supervisor/service-manager/passed-socket.js';

const PID = 4711;
const found = (environment: Record<string, string>): number | string | undefined => {
  try {
    return passedSocket(environment, PID);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
};

describe('a socket that was passed', () => {
  it.each([
    ['nothing is set', {}, undefined],
    ['the variables are empty', { LISTEN_PID: '', LISTEN_FDS: '' }, undefined],
    ['only the number is there', { LISTEN_FDS: '1' }, undefined],
    ['it was meant for another process', { LISTEN_PID: '4712', LISTEN_FDS: '1' }, undefined],
    ['what was meant for another process is garbage', { LISTEN_PID: '4712', LISTEN_FDS: 'many' }, undefined],
    ['none was passed', { LISTEN_PID: '4711', LISTEN_FDS: '0' }, undefined],
    ['one was passed', { LISTEN_PID: '4711', LISTEN_FDS: '1' }, 3],
    ['one was passed under any name', { LISTEN_PID: '4711', LISTEN_FDS: '1', LISTEN_FDNAMES: 'whatever.socket' }, 3],
    ['the first of two has the name', { LISTEN_PID: '4711', LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:metrics' }, 3],
    ['the last of three has the name', { LISTEN_PID: '4711', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a::http' }, 5],
  ])('is found when %s', (_when, environment, expected) => {
    expect(found(environment)).toBe(expected);
  });

  it.each([
    ['the process id', { LISTEN_PID: 'me', LISTEN_FDS: '1' }, /LISTEN_PID must be the id of the process/],
    ['a negative number', { LISTEN_PID: '4711', LISTEN_FDS: '-1' }, /LISTEN_FDS must be the number of sockets/],
    ['a number with a fraction', { LISTEN_PID: '4711', LISTEN_FDS: '1.5' }, /LISTEN_FDS must be/],
    ['two without names', { LISTEN_PID: '4711', LISTEN_FDS: '2' }, /LISTEN_FDNAMES names none of 2 passed sockets http/],
    ['two of the name', { LISTEN_PID: '4711', LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:http' }, /names 2 of 2/],
    ['a name beyond the number', { LISTEN_PID: '4711', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b:http' }, /names none of 2/],
  ])('is refused in a sentence: %s', (_what, environment, sentence) => {
    expect(found(environment)).toMatch(sentence);
  });

  it('is a descriptor among the passed ones, nothing or a sentence, whatever is in the variables', () => {
    const value = fc.option(fc.oneof(fc.string(), fc.constantFrom('4711', '1', '2', '9'), fc.nat().map(String)), { nil: undefined });
    fc.assert(
      fc.property(value, value, value, (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES) => {
        const environment = Object.fromEntries(
          Object.entries({ LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES }).filter((entry): entry is [string, string] => entry[1] !== undefined),
        );
        const result = found(environment);
        if (typeof result === 'number') {
          expect(LISTEN_PID).toBe('4711');
          expect(result).toBeGreaterThanOrEqual(3);
          expect(result).toBeLessThan(3 + Number(LISTEN_FDS));
        } else if (result !== undefined) expect(result).toMatch(/^The configuration cannot be used:\n {2}LISTEN_/);
      }),
    );
  });
});
