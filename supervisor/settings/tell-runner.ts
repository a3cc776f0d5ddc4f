import { isDeepStrictEqual } from 'node:util';
import { runnerSettings } from '../../shared/domain/session-settings.js';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import type { Settings } from './settings.js';

export interface TellRunnerOptions {
  settings: Settings;
  registry: Pick<Registry, 'find'>;
  fleet: Pick<Fleet, 'views' | 'call'>;
  log: Logger;
  retryMs?: number;
}

const RETRY_MS = 5_000;

/** Lets the runner that holds a session know what was changed for it. One that takes the session later is told with that. @returns what ends it */
export const tellRunner = ({ settings, registry, fleet, log, retryMs = RETRY_MS }: TellRunnerOptions): (() => void) => {
  const retries = new Map<string, NodeJS.Timeout>();
  let ended = false;
  const tell = async (sessionId: string): Promise<void> => {
    const slot = registry.find(sessionId)?.slot;
    if (slot === undefined || !fleet.views().some((view) => view.slot === slot && view.state === 'ready')) return;
    // Read now: calls arrive in their order, so the last one has the last word.
    await fleet.call(slot, 'session.configure', { sessionId, settings: runnerSettings(settings.of(sessionId)) });
  };
  const run = (sessionId: string): void => {
    tell(sessionId).catch((error: unknown) => {
      log.warn({ sessionId, cause: messageOf(error) }, 'the settings of a session did not reach its runner; trying again');
      clearTimeout(retries.get(sessionId));
      if (!ended) retries.set(sessionId, setTimeout(again, retryMs, sessionId));
    });
  };
  const again = (sessionId: string): void => {
    retries.delete(sessionId);
    run(sessionId);
  };
  const unsubscribe = settings.onChange(({ sessionId, before, after }) => {
    if (!isDeepStrictEqual(runnerSettings(before), runnerSettings(after))) run(sessionId);
  });
  return () => {
    ended = true;
    unsubscribe();
    for (const timer of retries.values()) clearTimeout(timer);
  };
};
