// All that Baileys 7.0.0-rc14 imports from whatsapp-rust-bridge 0.5.4. The package itself is a megabyte of WebAssembly in a string, of which
// every process that loads it keeps some five in memory. docs/decisions/0021-what-a-process-loads.md
import { createHash, hkdfSync } from 'node:crypto';

const KEY_BYTES = 32;
const SUM_BYTES = 128;
const NOTHING = new Uint8Array(0);

export const md5 = (data) => new Uint8Array(createHash('md5').update(data).digest());

export const hkdf = (secret, length, { salt = NOTHING, info = '' }) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length));

export const expandAppStateKeys = (keyData) => {
  const names = ['indexKey', 'valueEncryptionKey', 'valueMacKey', 'snapshotMacKey', 'patchMacKey'];
  const keys = hkdf(keyData, names.length * KEY_BYTES, { info: 'WhatsApp Mutation Keys' });
  return Object.fromEntries(names.map((name, index) => [name, keys.slice(index * KEY_BYTES, (index + 1) * KEY_BYTES)]));
};

export class LTHashAntiTampering {
  subtractThenAdd(base, subtract, add) {
    const sum = new Uint8Array(base);
    for (const mac of subtract) change(sum, mac, -1);
    for (const mac of add) change(sum, mac, 1);
    return sum;
  }
}

/** Adds to 64 numbers of two bytes, little-endian; what does not fit is dropped. */
const change = (sum, mac, sign) => {
  const [to, by] = [sum, hkdf(mac, SUM_BYTES, { info: 'WhatsApp Patch Integrity' })].map(({ buffer }) => new DataView(buffer));
  for (let at = 0; at < SUM_BYTES; at += 2) to.setUint16(at, to.getUint16(at, true) + sign * by.getUint16(at, true), true);
};
