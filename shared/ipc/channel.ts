// The one place that touches Node's IPC: `process` in the child, a `ChildProcess` in the parent.
import type { Sent } from './outbox.js';
import type { Frame } from './protocol.js';

export interface Channel {
  /** Never throws. `sent` is called once and later; see `Sent`. */
  send(frame: Frame, sent: Sent): void;
  onMessage(listener: (raw: unknown) => void): void;
  onClose(listener: () => void): void;
}

/** What `process` and `ChildProcess` have in common. */
export interface IpcPort {
  send?(message: object, handle: undefined, options: undefined, callback: Sent): boolean;
  on(event: 'message', listener: (raw: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

/** Every send carries a callback: an EPIPE without one is emitted as an `error` event and kills the sender. */
export const channelOf = (port: IpcPort): Channel => ({
  send(frame, sent) {
    try {
      if (port.send) port.send(frame, undefined, undefined, sent);
      else process.nextTick(sent, new Error('The process has no IPC channel.'));
    } catch (error) {
      // A frame that is no JSON (a BigInt, a cycle) throws here.
      process.nextTick(sent, error instanceof Error ? error : new Error(String(error)));
    }
  },
  onMessage(listener) {
    port.on('message', listener);
  },
  onClose(listener) {
    port.on('disconnect', listener);
  },
});
