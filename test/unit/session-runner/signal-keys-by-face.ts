// Keys of a session, read and written through either face.
import { SignalKeys } from '../../../session-runner/session/signal-keys.js';
import type { Store } from '../../../shared/store/store.js';

export const keysOf = (store: Store, sessionId = 's', commits: Promise<void>[] = []): SignalKeys =>
  new SignalKeys(store, sessionId, (commit) => {
    commits.push(commit);
    commit.catch(() => undefined);
  });

export type Face = 'inside' | 'outside';
export const read = async (keys: SignalKeys, face: Face, id = 'c'): Promise<string | undefined> => {
  const found = await keys[face].get('device-list', [id]);
  return found[id]?.[0];
};
export const write = async (keys: SignalKeys, face: Face, value: string | null, id = 'c'): Promise<void> =>
  keys[face].set({ 'device-list': { [id]: value === null ? null : [value] } });
export const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};
