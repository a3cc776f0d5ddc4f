// The few DER forms that an X.509 certificate is made of.

const LONG_FORM = 0x80;

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < LONG_FORM) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, LONG_FORM | length.length]), length, body]);
}

export const derSequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);
export const derSet = (...parts: readonly Buffer[]): Buffer => element(0x31, ...parts);
export const derText = (text: string): Buffer => element(0x0c, Buffer.from(text));
export const derOctets = (bytes: Buffer): Buffer => element(0x04, bytes);
export const derTrue = (): Buffer => element(0x01, Buffer.from([0xff]));
/** A bit string of whole bytes, of which the last few bits may be unused. */
export const derBits = (bytes: Buffer, unused = 0): Buffer => element(0x03, Buffer.from([unused]), bytes);
/** A whole number, given as its shortest big-endian bytes with the highest bit clear. */
export const derInteger = (bytes: Buffer): Buffer => element(0x02, bytes);
/** An explicit context tag around other elements. */
export const derTagged = (tag: number, ...parts: readonly Buffer[]): Buffer => element(0xa0 | tag, ...parts);
/** An implicit context tag on plain bytes. */
export const derImplicit = (tag: number, bytes: Buffer): Buffer => element(0x80 | tag, bytes);

/** A moment before 2050. */
export function derTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/\D/g, '');
  return element(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** An object identifier in dotted form. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => (value < 128 ? [value] : [...base128(value >> 7).map((byte) => byte | 128), value & 127]);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}
