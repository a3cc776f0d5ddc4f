import { mendLibsignal } from '../../../session-runner/libsignal.js';
import { shareAsyncStorage } from '../../../session-runner/one-async-storage.js';
import { verifySignatures } from '../../../session-runner/verify-signatures.js';

/** What the runner changes in Baileys for its own process, without which it is slower on some versions of Node.js. */
export const applyFixes = (): void => {
  shareAsyncStorage();
  verifySignatures();
  mendLibsignal();
};
