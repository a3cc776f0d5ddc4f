// JSON that tells when it is damaged: its last member is the checksum of all bytes before it.
import { createHash } from 'node:crypto';

/** The object is not what was written. */
export class DamagedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DamagedError';
  }
}

const MEMBER = ',"sha256":"';
const SUFFIX_LENGTH = MEMBER.length + 64 + '"}'.length;

const checksum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** @param content has at least one member and none named `sha256` */
export const sealJson = (content: object): string => sealBytes(JSON.stringify(content)).toString();

/** The same for what is JSON text already, as bytes. */
export const sealBytes = (json: string): Buffer => {
  const bytes = Buffer.from(`${json.slice(0, -1)}${MEMBER}${'0'.repeat(64)}"}`);
  const end = bytes.length - SUFFIX_LENGTH;
  bytes.write(checksum(bytes.subarray(0, end)), end + MEMBER.length, 'latin1');
  return bytes;
};

/** @throws DamagedError */
export const verifyJson = (bytes: Buffer): void => {
  const body = bytes.subarray(0, -SUFFIX_LENGTH);
  if (bytes.toString('latin1', body.length) !== `${MEMBER}${checksum(body)}"}`)
    throw new DamagedError('the checksum does not fit the content');
};

/** @throws DamagedError */
export const openJson = (sealed: string | Buffer): unknown => {
  verifyJson(typeof sealed === 'string' ? Buffer.from(sealed) : sealed);
  return JSON.parse(sealed.toString()) as unknown;
};
