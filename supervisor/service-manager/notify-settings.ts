// What a service manager that wants to be told how this service is puts into its environment; sd_notify(3) has the protocol.
import type { Environment } from '../../shared/config.js';

export interface NotifySettings {
  /** Path of its socket, or `@` and an abstract name. */
  socket: string;
  /** It ends this process after so many milliseconds without a sign of life; undefined: it does not watch. */
  watchdogMs: number | undefined;
}

/** @returns undefined when nobody wants to be told. Garbage counts as absent: it is no configuration of ours, and the worker serves without it */
export const notifySettings = (environment: Environment, pid: number): NotifySettings | undefined => {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = environment;
  if (socket === undefined || !/^[/@]./.test(socket)) return undefined;
  const isWatched = watched === undefined || watched === '' || watched === String(pid);
  const watchdogMs = isWatched && usec !== undefined && /^\d{1,15}$/.test(usec) ? Number(usec) / 1_000 : 0;
  return { socket, watchdogMs: watchdogMs > 0 ? watchdogMs : undefined };
};
