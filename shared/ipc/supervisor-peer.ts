// The runner's end of the channel.
import type { Logger } from '../logging.js';
import { channelOf } from './channel.js';
import { Peer } from './peer.js';
import { PROTOCOL_VERSION, RUNNER_CALLS, SUPERVISOR_CALLS, type RUNNER_EVENTS } from './protocol.js';
import type { Handlers } from './server.js';

const NO_EVENTS = {};
export type SupervisorPeer = Peer<typeof SUPERVISOR_CALLS, typeof RUNNER_CALLS, typeof NO_EVENTS, Omit<typeof RUNNER_EVENTS, 'hello'>>;

export interface ConnectOptions {
  /** `RUNNER_SLOT` and `RUNNER_INCARNATION` of the environment. */
  slot: number;
  incarnation: number;
  handlers: Handlers<typeof RUNNER_CALLS>;
  log: Logger;
}

/** Says hello, which tells the supervisor that calls may come: connect once everything is ready to answer them. */
export const connectToSupervisor = ({ slot, incarnation, handlers, log }: ConnectOptions): SupervisorPeer => {
  const peer = new Peer<typeof SUPERVISOR_CALLS, typeof RUNNER_CALLS, typeof NO_EVENTS, typeof RUNNER_EVENTS>({
    channel: channelOf(process),
    calls: SUPERVISOR_CALLS,
    served: RUNNER_CALLS,
    handlers,
    heard: NO_EVENTS,
    listeners: NO_EVENTS,
    newestOnly: ['beat'],
    log,
  });
  peer.emit('hello', { protocol: PROTOCOL_VERSION, pid: process.pid, slot, incarnation });
  if (!process.connected)
    queueMicrotask(() => {
      peer.close();
    });
  return peer;
};
