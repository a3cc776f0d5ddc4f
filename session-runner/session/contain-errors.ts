import type { EventEmitter } from 'node:events';

type Listener = (...args: unknown[]) => unknown;

/**
 * Baileys' socket listeners are async functions whose rejections nobody awaits: one garbage frame would end the whole process. Every
 * listener present now is replaced by one that hands its failure to `onFailure`.
 */
export const containErrors = (emitter: EventEmitter, onFailure: (error: unknown, event: string) => void): void => {
  for (const event of emitter.eventNames()) {
    const listeners = emitter.rawListeners(event) as Listener[];
    emitter.removeAllListeners(event);
    for (const listener of listeners) {
      emitter.on(event, (...args: unknown[]) => {
        try {
          const result = Reflect.apply(listener, emitter, args);
          if (result instanceof Promise)
            result.catch((error: unknown) => {
              onFailure(error, String(event));
            });
        } catch (error) {
          onFailure(error, String(event));
        }
      });
    }
  }
};
