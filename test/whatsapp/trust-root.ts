// Preload (`node --import …/trust-root.js`): makes the Baileys of this process trust the simulated WhatsApp instead of the real one.
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { SIMULATED_ROOT, SIMULATED_ROOT_SERIAL } from './wire/trust-chain.js';

Object.assign(WA_CERT_DETAILS, { SERIAL: SIMULATED_ROOT_SERIAL, PUBLIC_KEY: SIMULATED_ROOT.public });
