import { FrameGate, type Outlet } from '../../../session-runner/session/frame-gate.js';

/** A gate before an outlet that notes what passes, and what came of each frame. */
export const guarded = (onSend: (frame: unknown) => void = () => undefined) => {
  const failures: unknown[] = [];
  const sent: unknown[] = [];
  const answers = new Map<unknown, Error | undefined>();
  const gate = new FrameGate((error) => failures.push(error));
  const outlet: Outlet = {
    send: (data, callback) => {
      onSend(data);
      sent.push(data);
      callback();
    },
  };
  gate.guard(outlet);
  const send = (frame: unknown): void => {
    outlet.send(frame, (error) => answers.set(frame, error));
  };
  return { gate, send, sent, failures, answers };
};
