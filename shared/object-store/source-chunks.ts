import type { Readable } from 'node:stream';
import { messageOf } from '../errors.js';
import { ObjectStoreError } from './object-store.js';

/**
 * The chunks of a stream that is to bring exactly `bytes` bytes. Whatever goes wrong with the source itself is kind `invalid`: no waiting
 * for the store helps. Ending early destroys the source. To be called before anything is awaited.
 */
export const sourceChunks = (source: Readable, bytes: number): AsyncGenerator<Buffer, void> => {
  let failure: unknown;
  // A source that fails before or between reads would have no listener otherwise, and end the process.
  source.on('error', (error) => (failure ??= error));
  return chunks();

  async function* chunks(): AsyncGenerator<Buffer, void> {
    let seen = 0;
    try {
      for await (const chunk of source as AsyncIterable<Buffer | string>) {
        const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        seen += buffer.length;
        if (seen > bytes) break;
        yield buffer;
      }
    } catch (error) {
      const cause = failure ?? error;
      throw new ObjectStoreError('invalid', `the source failed after ${seen} of ${bytes} bytes: ${messageOf(cause)}`, { cause });
    }
    if (seen !== bytes) {
      throw new ObjectStoreError('invalid', `the source brought ${seen > bytes ? 'more than' : `${seen} of`} ${bytes} bytes`);
    }
  }
};
