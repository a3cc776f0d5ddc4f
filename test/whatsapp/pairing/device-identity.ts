import { createHmac, randomInt } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { signWith, type SigningKeys } from '../wire/key-pair.js';

const ACCOUNT_SIGNATURE_PREFIX = Buffer.from([6, 0]);

/** What an account certifies about a device it links. */
export interface DeviceClaim {
  /** The account's identity: the key of its phone. */
  readonly account: SigningKeys;
  readonly deviceIdentity: Buffer;
  /** The secret that the QR code or pairing code carried. */
  readonly advSecret: Buffer;
  readonly keyIndex: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** The signed device identity that a pairing hands to the new device, sealed with the secret it showed. */
export function certifyDevice({ account, deviceIdentity, advSecret, keyIndex, timestamp }: DeviceClaim): Buffer {
  const { E2EE } = proto.ADVEncryptionType;
  const rawId = randomInt(2 ** 31);
  const details = proto.ADVDeviceIdentity.encode({ rawId, timestamp, keyIndex, accountType: E2EE, deviceType: E2EE }).finish();
  const signature = signWith(account, Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, deviceIdentity]));
  const identity = { details, accountSignatureKey: account.public, accountSignature: signature };
  const signed = proto.ADVSignedDeviceIdentity.encode(identity).finish();
  const hmac = createHmac('sha256', advSecret).update(signed).digest();
  return Buffer.from(proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac, accountType: E2EE }).finish());
}
