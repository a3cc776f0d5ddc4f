// Preload (`node --import …/trust-root.js`): makes the Baileys of this process trust the simulated WhatsApp instead of the real one.
// Loads no more of it than a runner does: benches measure runners with this in them.
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys/lib/Defaults/index.js';
import { SIMULATED_ROOT, SIMULATED_ROOT_SERIAL } from './wire/trust-chain.js';

Object.assign(WA_CERT_DETAILS, { SERIAL: SIMULATED_ROOT_SERIAL, PUBLIC_KEY: SIMULATED_ROOT.public });
