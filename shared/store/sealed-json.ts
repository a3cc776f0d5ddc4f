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

const checksum = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** @param content has at least one member and none named `sha256` */
export const sealJson = (content: object): string => sealText(JSON.stringify(content));

/** The same for what is JSON text already. */
export const sealText = (json: string): string => {
  const text = json.slice(0, -1);
  return `${text}${MEMBER}${checksum(text)}"}`;
};

/** @throws DamagedError */
export const verifyJson = (bytes: Buffer): void => {
  const body = bytes.subarray(0, -SUFFIX_LENGTH);
  if (bytes.toString('latin1', body.length) !== `${MEMBER}${checksum(body)}"}`)
    throw new DamagedError('the checksum does not fit the content');
};

/** @throws DamagedError */
export const openJson = (text: string): unknown => {
  verifyJson(Buffer.from(text));
  return JSON.parse(text) as unknown;
};
