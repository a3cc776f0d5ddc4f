// What a service manager passed to this process: a socket, secrets, and the wish to be told how it is.
import { ConfigError, type Environment } from '../../shared/config.js';
import { withCredentials } from './credentials.js';
import { inheritSocket, type InheritedSocket } from './inherited-socket.js';
import { notifySettings, type NotifySettings } from './notify-settings.js';
import { passedSocket } from './passed-socket.js';

export interface StartedBy {
  /** Listens already; undefined: the worker opens its own. */
  socket: InheritedSocket | undefined;
  /** Undefined: nobody wants to be told. */
  notify: NotifySettings | undefined;
  /** For the configuration: with the secrets, and with the address of the socket as WORKER_HOST and WORKER_PORT. */
  environment: Environment;
}

/** Meant for this process and no child of it. */
const OURS = ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/** Takes what is meant for process `pid` out of `environment`. @throws ConfigError */
export const startedBy = (environment: NodeJS.ProcessEnv, pid: number): StartedBy => {
  const given = { ...environment };
  for (const name of OURS) Reflect.deleteProperty(environment, name);
  const fd = passedSocket(given, pid);
  const socket = fd === undefined ? undefined : inheritSocket(fd);
  return { socket, notify: notifySettings(given, pid), environment: withAddress(withCredentials(environment), socket) };
};

/** The rules about access must judge the address that is really listened on. */
const withAddress = (environment: Environment, socket: InheritedSocket | undefined): Environment =>
  socket?.address ? { ...environment, WORKER_HOST: socket.address.host, WORKER_PORT: String(socket.address.port) } : environment;

/** Says where a refused address came from. */
export const explainAddress = (error: ConfigError, socket: InheritedSocket | undefined): ConfigError =>
  socket?.address && error.problems.some(({ variable }) => variable === 'WORKER_HOST')
    ? new ConfigError([
        ...error.problems,
        {
          variable: 'LISTEN_FDS',
          problem: `brought a socket on ${socket.address.host} port ${socket.address.port}: ListenStream of the socket unit stands for WORKER_HOST and WORKER_PORT`,
        },
      ])
    : error;
