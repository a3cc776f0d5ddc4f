import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { derBits, derImplicit, derInteger, derOctets, derOid, derSequence, derSet, derTagged, derText, derTime, derTrue } from './der.js';

/** A certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Request {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

const OID = { commonName: '2.5.4.3', ecdsaSha256: '1.2.840.10045.4.3.2', keyUsage: '2.5.29.15', basic: '2.5.29.19', altName: '2.5.29.17' };
const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;
const VERSION_3 = Buffer.from([2]);
// A first byte between 1 and 127 keeps the number positive and in its shortest form.
const SERIAL_START = Buffer.from([1]);
const COMMON_NAME = 'CN=';

/** A new certificate authority: what clients have to trust (`NODE_EXTRA_CA_CERTS`) to accept the servers it certifies. */
export function makeAuthority(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certSign = derBits(Buffer.from([0b0000_0110]), 1);
  const extensions = [extension(OID.basic, true, derSequence(derTrue())), extension(OID.keyUsage, true, certSign)];
  // Of two authorities of one name, a client that trusts both would try only the first.
  const subject = `Simulated WhatsApp CA ${randomBytes(6).toString('hex')}`;
  const cert = certify({ subject, issuer: subject, publicKey, signer: privateKey, extensions });
  return { cert, key: exportKey(privateKey) };
}

/** A server certificate for 127.0.0.1 and localhost, signed by an authority. */
export function certifyLoopback(authority: Certificate): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = derSequence(derImplicit(7, Buffer.from([127, 0, 0, 1])), derImplicit(2, Buffer.from('localhost')));
  const signer = createPrivateKey(authority.key);
  const extensions = [extension(OID.altName, false, names)];
  const issuer = new X509Certificate(authority.cert).subject.slice(COMMON_NAME.length);
  const cert = certify({ subject: 'localhost', issuer, publicKey, signer, extensions });
  return { cert: cert + authority.cert, key: exportKey(privateKey) };
}

function certify({ subject, issuer, publicKey, signer, extensions }: Request): string {
  const algorithm = derSequence(derOid(OID.ecdsaSha256));
  // A day back for clocks that disagree.
  const validity = derSequence(derTime(new Date(Date.now() - DAY_MS)), derTime(new Date(Date.now() + YEAR_DAYS * DAY_MS)));
  const body = derSequence(
    derTagged(0, derInteger(VERSION_3)),
    derInteger(Buffer.concat([SERIAL_START, randomBytes(8)])),
    algorithm,
    name(issuer),
    validity,
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    derTagged(3, derSequence(...extensions)),
  );
  const certificate = derSequence(body, algorithm, derBits(sign('sha256', body, signer)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function name(commonName: string): Buffer {
  return derSequence(derSet(derSequence(derOid(OID.commonName), derText(commonName))));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return derSequence(derOid(oid), ...(critical ? [derTrue()] : []), derOctets(value));
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
