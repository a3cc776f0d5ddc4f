import { mendLibsignal } from '../../../session-runner/libsignal.js';
import { shareAsyncStorage } from '../../../session-runner/one-async-storage.js';
import { useNativeCurve } from '../../../session-runner/native-curve.js';
import { letMemoryReducerRun } from '../../../shared/memory-reducer.js';

/** What the runner changes in Baileys for its own process, without which it is slower, or takes more memory, on some versions of Node.js. */
export const applyFixes = (): void => {
  shareAsyncStorage();
  useNativeCurve();
  mendLibsignal();
  letMemoryReducerRun();
};
