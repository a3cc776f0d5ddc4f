// The one place that touches Node's IPC: `process` in the child, a `ChildProcess` in the parent.
import type { Sent } from './outbox.js';
import type { Frame } from './protocol.js';

export interface Channel {
  /** Never throws. `sent` is called once and later; see `Sent`. */
  send(frames: readonly Frame[], sent: Sent): void;
  /** Told of each frame. */
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
  send(frames, sent) {
    try {
      if (port.send) port.send(frames, undefined, undefined, sent);
      else process.nextTick(sent, new Error('The process has no IPC channel.'));
    } catch (error) {
      // A frame that is no JSON (a BigInt, a cycle) throws here.
      process.nextTick(sent, error instanceof Error ? error : new Error(String(error)));
    }
  },
  onMessage(listener) {
    port.on('message', (raw) => {
      for (const frame of framesOf(raw)) listener(frame);
    });
  },
  onClose(listener) {
    port.on('disconnect', listener);
  },
});

/** What came as one message: frames, if the other process keeps to the protocol. */
export const framesOf = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw : [raw]);
