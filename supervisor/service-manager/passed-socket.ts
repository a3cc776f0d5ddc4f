// Which of the sockets that a service manager passes is the API's; sd_listen_fds(3) has the protocol.
import { ConfigError, type Environment } from '../../shared/config.js';

/** Passed sockets are numbered from here. */
const FIRST_FD = 3;
/** What the API's socket is called when several are passed. */
const NAME = 'http';

/** @returns the number of the API's socket, or undefined when none was passed to process `pid`. @throws ConfigError */
export const passedSocket = (environment: Environment, pid: number): number | undefined => {
  const { LISTEN_PID: forPid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = environment;
  if (isAbsent(forPid) || isAbsent(count)) return undefined;
  const expected = wholeNumber('LISTEN_PID', forPid, 'the id of the process that the sockets are for');
  // They were meant for a program between the service manager and this one.
  if (expected !== pid) return undefined;
  const sockets = wholeNumber('LISTEN_FDS', count, 'the number of sockets that are passed');
  if (sockets === 0) return undefined;
  if (sockets === 1) return FIRST_FD;
  const named = (names ?? '').split(':').flatMap((name, at) => (name === NAME && at < sockets ? FIRST_FD + at : []));
  const [fd] = named;
  if (fd === undefined || named.length > 1) {
    const which = fd === undefined ? 'none' : String(named.length);
    throw new ConfigError([
      {
        variable: 'LISTEN_FDNAMES',
        problem: `names ${which} of ${sockets} passed sockets ${NAME}: give FileDescriptorName=${NAME} to the socket unit of the API, and to no other`,
      },
    ]);
  }
  return fd;
};

const isAbsent = (value: string | undefined): value is undefined | '' => value === undefined || value === '';

const wholeNumber = (variable: string, value: string, meaning: string): number => {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new ConfigError([{ variable, problem: `must be ${meaning}, as a service manager sets it; remove it if you did not mean to` }]);
};
