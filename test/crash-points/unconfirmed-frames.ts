import type { Write } from '../../shared/store/store.js';
import { loadClass, onSettled, wrapMethod } from './wrap-method.js';

type Stage = 'asked' | 'kept' | 'encrypted' | 'written';

interface Outlet {
  send: (...args: unknown[]) => unknown;
}

/** Follows each send of this runner to its `ack`, and tells how many are written to a socket and not confirmed. */
export const watchUnconfirmedFrames = async (tell: (count: number) => void): Promise<void> => {
  const stages = new Map<string, Stage>();
  const move = (from: Stage, to: Stage, only?: string): void => {
    for (const [id, stage] of stages) if (stage === from && (only === undefined || id === only)) stages.set(id, to);
    tell([...stages.values()].filter((stage) => stage === 'written').length);
  };

  wrapMethod(await loadClass('session-runner/messages/acks.js', 'Acks'), 'wait', (proceed, [messageId]) => {
    stages.set(String(messageId), 'asked');
    const result = proceed();
    onSettled(result, () => {
      stages.delete(String(messageId));
      move('asked', 'asked');
    });
    return result;
  });
  wrapMethod(await loadClass('shared/store/store.js', 'Store'), 'commit', (proceed, [writes]) => {
    const result = proceed();
    const rows = writes as readonly Write[];
    const kept = rows.find(({ table }) => table === 'outgoing');
    if (kept) move('asked', 'kept', String(kept.key[1]));
    if (rows.some(({ table, key }) => table === 'keys' && key[1] === 'session')) {
      onSettled(result, () => {
        move('kept', 'encrypted');
      });
    }
    return result;
  });
  // Below the gate: called when a frame really leaves.
  wrapMethod(await loadClass('session-runner/session/frame-gate.js', 'FrameGate'), 'guard', (proceed, args) => {
    const outlet = args[0] as Outlet;
    const { send } = outlet;
    outlet.send = (...frame) => {
      const result = Reflect.apply(send, outlet, frame);
      move('encrypted', 'written');
      return result;
    };
    return proceed();
  });
};
