// Preloaded into every runner: commits the faults that only the process itself can commit.
import { EventEmitter } from 'node:events';
import type { FaultKind } from './faults.js';
import { ORDER_SIGNAL, takeOrder } from './orders.js';

const folder = new URL(import.meta.url).searchParams.get('folder');
const slot = Number(process.env['RUNNER_SLOT']);
if (folder === null || !Number.isInteger(slot)) throw new Error(`${import.meta.url} does not say where orders are, or this is no runner`);

/** So large that the collector neither copies nor looks into it: the heap is full before the watchdog misses a beat. */
const ROW = 100_000;

const COMMIT: Partial<Record<string, () => void>> = {
  loop: () => {
    for (;;);
  },
  stubborn: () => {
    // No callback either: whoever sends waits for ever, as for a channel that is full.
    process.send = () => true;
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => undefined);
  },
  heap: () => {
    const hoard: object[] = [];
    for (;;) hoard.push({ row: new Array<number>(ROW).fill(0.5) });
  },
  rejection: () => {
    void Promise.reject(new Error('nobody handles this rejection'));
  },
  exception: () => {
    setImmediate(() => {
      new EventEmitter()
        .on('event', () => {
          throw new Error('a handler of an event threw');
        })
        .emit('event');
    });
  },
  'no-hello': () => {
    // Before anything of the runner is loaded, and without a processor.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
} satisfies Partial<Record<FaultKind, () => void>>;

const obey = (kind: string | undefined): void => {
  if (kind !== undefined) COMMIT[kind]?.();
};

process.on(ORDER_SIGNAL, () => {
  obey(takeOrder(folder, slot, 'now'));
});
obey(takeOrder(folder, slot, 'at-start'));
