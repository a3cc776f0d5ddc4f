import { createCipheriv, createHash } from 'node:crypto';

const PIECE_BYTES = 65_536;

/** So many bytes that look random and are the same for the same seed, without holding them all. */
export async function* generatedBytes(length: number, seed: string): AsyncGenerator<Buffer> {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(PIECE_BYTES);
  for (let left = length; left > 0; left -= PIECE_BYTES) {
    // Leaves the event loop to others between two pieces.
    await new Promise((resolve) => setImmediate(resolve));
    yield stream.update(left < PIECE_BYTES ? zeros.subarray(0, left) : zeros);
  }
}
