// What `GET /runners` shows: the processes of this worker and what they take.
import { BEAT_INTERVAL_MS } from '../shared/ipc/protocol.js';
import { ProcessFigures } from '../shared/process-figures.js';
import type { Fleet } from './fleet/fleet.js';
import { createProportionalMemory } from './fleet/proportional-memory.js';
import type { Registry } from './placement/registry.js';
import type { ProcessesView, RunnerView } from './worker.js';

export interface FleetView {
  runners(): RunnerView[];
  /** With what only the kernel knows. */
  processes(): Promise<ProcessesView>;
  stop(): void;
}

/** Looks at its own process as often as runners do at theirs, and never keeps it alive. */
export const startFleetView = ({ fleet, registry }: { fleet: Pick<Fleet, 'views'>; registry: Pick<Registry, 'rows'> }): FleetView => {
  const own = new ProcessFigures();
  const readPss = createProportionalMemory();
  let figures = own.take();
  const timer = setInterval(() => {
    figures = own.take();
  }, BEAT_INTERVAL_MS).unref();

  const runners = (): RunnerView[] => {
    const sessions = new Map<number, number>();
    for (const { slot } of registry.rows()) if (slot !== undefined) sessions.set(slot, (sessions.get(slot) ?? 0) + 1);
    return fleet.views().map((view) => ({ ...view, sessions: sessions.get(view.slot) ?? 0 }));
  };
  return {
    runners,
    processes: async () => {
      const { pid } = process;
      const views = runners();
      const [pssBytes, ...ofRunners] = await Promise.all(
        [{ pid }, ...views].map(async (one) => (one.pid === undefined ? undefined : readPss(one.pid))),
      );
      return {
        runners: views.map((view, index) => ({ ...view, pssBytes: ofRunners[index] })),
        supervisor: { pid, ...figures, pssBytes },
      };
    },
    stop: () => {
      clearInterval(timer);
      own.stop();
    },
  };
};
