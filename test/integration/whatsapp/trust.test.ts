import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';
import { Curve, generateSignalPubKey, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { verifySignature } from 'libsignal/src/curve.js';
import { expect, test } from 'vitest';
import '../../whatsapp/trust-root.js';
import { certifyLoopback, makeAuthority } from '../../whatsapp/wire/certificate-authority.js';
import { signingKeys, signWith } from '../../whatsapp/wire/key-pair.js';
import { SIMULATED_ROOT } from '../../whatsapp/wire/trust-chain.js';
import { setUp } from './setting.js';

test('the preload replaces the root key in the Baileys of this process', () => {
  expect(WA_CERT_DETAILS).toMatchObject({ SERIAL: 0, PUBLIC_KEY: SIMULATED_ROOT.public });
});

test('signatures hold by the verification that Signal uses, and only for what was signed', () => {
  for (let round = 0; round < 10; round += 1) {
    const keys = signingKeys(randomBytes(32));
    const message = randomBytes(64);
    const signature = signWith(keys, message);
    const publicKey = generateSignalPubKey(keys.public);
    expect(verifySignature(publicKey, message, signature)).toBe(true);
    message.writeUInt8(message.readUInt8(5) ^ 1, 5);
    expect(verifySignature(publicKey, message, signature)).toBe(false);
  }
});

test('keys that sign also agree on secrets', () => {
  const ours = signingKeys(randomBytes(32));
  const theirs = Curve.generateKeyPair();
  expect(Curve.sharedKey(ours.private, theirs.public)).toEqual(Curve.sharedKey(theirs.private, ours.public));
});

test('the server certificate holds for 127.0.0.1 under its authority, and under no other', async () => {
  const { whatsapp } = await setUp({ tls: true });
  const { readFile } = await import('node:fs/promises');
  const greet = async (ca: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port: Number(new URL(whatsapp.url).port), host: '127.0.0.1', ca }, () => {
        socket.destroy();
        resolve('trusted');
      });
      socket.once('error', (error: Error) => resolve(error.message));
    });
  expect(await greet(await readFile(whatsapp.caFile, 'utf8'))).toBe('trusted');
  expect(await greet(makeAuthority().cert)).not.toBe('trusted');
  expect(certifyLoopback(makeAuthority()).cert).toContain('BEGIN CERTIFICATE');
});
