// A paired device as a line of a file.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { BufferJSON, type AuthenticationCreds } from '@whiskeysockets/baileys';
import type { KeyRows } from '../raw/memory-keys.js';

export interface Identity {
  /** Of the phone it is linked to. */
  number: string;
  creds: AuthenticationCreds;
  keys: KeyRows;
}

export const lineOf = (identity: Identity): string => `${JSON.stringify(identity, BufferJSON.replacer)}\n`;

/** The first `count` of a file; fewer when it has fewer. */
export async function* identitiesIn(file: string, count = Infinity): AsyncGenerator<Identity> {
  let left = count;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (left-- <= 0) return;
    yield JSON.parse(line, BufferJSON.reviver) as Identity;
  }
}
