import { Readable } from 'node:stream';
import type { ObjectStoreError } from './object-store.js';

/**
 * The same bytes; fails with what `toError` makes of any failure, and when fewer than `bytes` arrive. The source goes with it, also when
 * it was never read.
 */
export const guardedStream = (source: Readable, bytes: number, toError: (error: unknown) => ObjectStoreError): Readable => {
  let failure: unknown;
  // A failure before the first read would have no listener otherwise.
  source.on('error', (error) => (failure = error));
  const guarded = Readable.from(chunks(), { objectMode: false });
  guarded.once('close', () => source.destroy());
  return guarded;

  async function* chunks(): AsyncGenerator<Buffer> {
    let seen = 0;
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        seen += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw toError(failure ?? error);
    }
    if (seen !== bytes) throw toError(Object.assign(new Error(`${seen} of ${bytes} bytes arrived`), { code: 'ECONNRESET' }));
  }
};
