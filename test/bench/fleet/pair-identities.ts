// A process of its own that pairs devices with a simulated WhatsApp and appends them to a file. `node pair-identities.js ORDER`, in JSON.
import '../../whatsapp/trust-root.js';
import { appendFileSync } from 'node:fs';
import { useNativeCurve } from '../../../session-runner/native-curve.js';
import { WhatsappClient } from '../../whatsapp/client.js';
import { quietConsole } from '../../whatsapp/quiet-console.js';
import { linkDevice } from '../raw/link-device.js';
import { ratchetStep, USUAL_SESSION } from '../storage/fleet-rows.js';
import { lineOf, type Identity } from './identity.js';

export interface PairingOrder {
  url: string;
  controlUrl: string;
  file: string;
  /** Number of the first one. */
  first: number;
  count: number;
}

const AT_ONCE = 4;
/** Between two savings of the simulated WhatsApp, each of which writes everything. */
const TOGETHER = 50;

const withFormerContacts = (identity: Identity, index: number): Identity => {
  const rows = Array.from({ length: USUAL_SESSION.signalSessions }, (_, contact) => ratchetStep(index, contact, 1));
  const sessions = Object.fromEntries(rows.map(({ key, value }) => [String(key[2]), value]));
  return { ...identity, keys: { ...identity.keys, session: { ...identity.keys['session'], ...sessions } } };
};

const { url, controlUrl, file, first, count } = JSON.parse(process.argv[2] ?? '') as PairingOrder;
quietConsole();
useNativeCurve();
const phones = new WhatsappClient(controlUrl);
const end = first + count;
for (let index = first; index < end; index += TOGETHER) {
  const waiting = Array.from({ length: Math.min(TOGETHER, end - index) }, (_, next) => index + next);
  const paired: Identity[] = [];
  const pairNext = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      paired.push(withFormerContacts(await linkDevice(url, phones, `Phone ${one}`), one));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, pairNext));
  // First there, then here: a device that only the file knows would be refused.
  await phones.flush();
  appendFileSync(file, paired.map(lineOf).join(''));
  process.stdout.write(`${index + paired.length} of ${end} devices paired\n`);
}
process.exit(0);
