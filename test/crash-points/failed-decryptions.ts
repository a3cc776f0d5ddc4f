// The runner's console is mute and Baileys' objects are not logged: this is the only place where each failure can be seen.
import { appendFileSync, readFileSync } from 'node:fs';
import { loadClass, onFailed, wrapMethod } from './wrap-method.js';

/** A file in the folder of the marks, one JSON object in each line. */
export const FAILED_DECRYPTIONS = 'failed-decryptions';

export interface FailedDecryption {
  at: string;
  pid: number;
  /** Of the message, where it is known. */
  id: string | undefined;
  error: string;
}

/** In a runner: writes every decryption that failed into `file`. */
export const watchDecryptions = async (file: string): Promise<void> => {
  const ids = new WeakMap<object, string>();
  wrapMethod(await loadClass('session-runner/session/signal-repository.js', 'CiphertextOrigins'), 'of', (proceed, [ciphertext]) => {
    const origin = proceed() as { attrs: { id?: string } } | undefined;
    if (origin?.attrs.id !== undefined) ids.set(ciphertext as object, origin.attrs.id);
    return origin;
  });
  const cipher = await loadClass('libsignal', 'SessionCipher');
  let cause = '';
  wrapMethod(cipher, 'doDecryptWhisperMessage', (proceed) => {
    const result = proceed();
    // One try of several; only when all fail is it a failure, and then libsignal does not say why.
    onFailed(result, (error) => {
      cause = String(error);
    });
    return result;
  });
  for (const method of ['decryptWhisperMessage', 'decryptPreKeyWhisperMessage']) {
    wrapMethod(cipher, method, (proceed, [ciphertext]) => {
      const result = proceed();
      onFailed(result, (error) => {
        const failed: FailedDecryption = {
          at: new Date().toISOString(),
          pid: process.pid,
          id: ids.get(ciphertext as object),
          error: `${String(error)}; ${cause}`,
        };
        appendFileSync(file, `${JSON.stringify(failed)}\n`);
      });
      return result;
    });
  }
};

export const readFailedDecryptions = (file: string): FailedDecryption[] => {
  try {
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as FailedDecryption);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
};
