import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { keysFromWords, signWith, type RawKeyPair } from './key-pair.js';

/** The root key of the simulated WhatsApp; `trust-root.ts` makes a client believe it. */
export const SIMULATED_ROOT = keysFromWords('simulated whatsapp: root');
/** The serial that clients expect as the issuer of the intermediate certificate. */
export const SIMULATED_ROOT_SERIAL = 0;

/** What the server shows in its half of the handshake: its static key, and the encoded chain that vouches for it. */
export interface ServerIdentity {
  readonly keys: RawKeyPair;
  readonly certificateChain: Buffer;
}

/** Signs a server key with the simulated root through one intermediate, as the real chain has it. */
export function makeServerIdentity(): ServerIdentity {
  const { Details } = proto.CertChain.NoiseCertificate;
  const keys = keysFromWords('simulated whatsapp: server');
  const intermediate = keysFromWords('simulated whatsapp: intermediate');
  const validity = { notBefore: 0, notAfter: 4_102_444_800 };
  const intermediateDetails = Details.encode({
    serial: 1,
    issuerSerial: SIMULATED_ROOT_SERIAL,
    key: intermediate.public,
    ...validity,
  }).finish();
  const leafDetails = Details.encode({ serial: 2, issuerSerial: 1, key: keys.public, ...validity }).finish();
  const chain = proto.CertChain.encode({
    intermediate: { details: intermediateDetails, signature: signWith(SIMULATED_ROOT, intermediateDetails) },
    leaf: { details: leafDetails, signature: signWith(intermediate, leafDetails) },
  }).finish();
  return { keys, certificateChain: Buffer.from(chain) };
}
