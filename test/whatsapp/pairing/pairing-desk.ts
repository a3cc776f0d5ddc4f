import { randomBytes } from 'node:crypto';
import { Curve, type proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { Companion, type DeviceKeys } from '../accounts/companion.js';
import { ControlError } from '../control/control-error.js';
import { announceDevice } from '../routing/device-news.js';
import type { Connection } from '../server/connection.js';
import { SERVER_JID } from '../wire/jids.js';
import { bytesOf, childOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { openKeyBundle, unwrapKey, wrapKey } from './code-cipher.js';
import { certifyDevice } from './device-identity.js';
import { readQrCode } from './qr-code.js';

/** What came of a pairing: the linked device, or nothing because a passkey was asked for. */
export interface PairingOutcome {
  readonly deviceJid: string | null;
  readonly passkeyRequested: boolean;
}

interface Applicant {
  readonly connection: Connection;
  readonly keys: DeviceKeys;
  readonly refs: ReadonlySet<string>;
  /** When its QR codes stop working; milliseconds as Date.now() gives them. */
  readonly expiresAt: number;
  /** The companion's half of a pairing by code, once it asked for one. */
  hello?: { readonly number: string; readonly wrappedEphemeral: Buffer };
  /** Takes the companion's last step of a pairing by code. */
  finish?: (node: Stanza) => void;
}

const REFS = 6;
const REFS_LIFETIME_MS = 160_000;
const REPLY_TIMEOUT_MS = 60_000;

/** Where unpaired clients wait for a phone to scan their QR code or to type their pairing code. */
export class PairingDesk {
  readonly #applicants = new Map<Connection, Applicant>();
  readonly #world: () => World;

  constructor(world: () => World) {
    this.#world = world;
  }

  /** Takes in an unpaired client and hands it references for its QR codes. */
  register(connection: Connection, noiseKey: Buffer, data: proto.ClientPayload.IDevicePairingRegistrationData): void {
    const fault = this.#world().faults.strike('qr');
    const refs = Array.from({ length: fault?.refs ?? REFS }, () => `2@${randomBytes(24).toString('base64url')}`);
    const lifetimeMs = fault?.lifetimeMs ?? REFS_LIFETIME_MS;
    this.#applicants.set(connection, { connection, keys: keysOf(noiseKey, data), refs: new Set(refs), expiresAt: Date.now() + lifetimeMs });
    if (fault?.lifetimeMs !== undefined) setTimeout(() => this.#expire(connection), lifetimeMs).unref();
    const children = refs.map((ref) => stanza('ref', {}, Buffer.from(ref)));
    connection.send(
      stanza('iq', { from: SERVER_JID, type: 'set', id: `pair-${connection.record.connId}`, xmlns: 'md' }, [
        stanza('pair-device', {}, children),
      ]),
    );
  }

  forget(connection: Connection): void {
    this.#applicants.delete(connection);
  }

  /** A phone scans a QR code (its text or a PNG data URL). Throws INVALID_QR, QR_UNKNOWN, QR_EXPIRED, QR_MISMATCH, PAIRING_NOT_CONFIRMED. */
  async scan(account: Account, qr: string): Promise<PairingOutcome> {
    const { ref, noiseKey, identity, advSecret } = readQrCode(qr);
    const applicant = [...this.#applicants.values()].find(({ refs }) => refs.has(ref));
    if (!applicant) throw new ControlError(404, 'QR_UNKNOWN', 'no waiting device shows that code');
    if (applicant.expiresAt < Date.now()) throw new ControlError(410, 'QR_EXPIRED', 'that code is too old');
    if (!applicant.keys.noiseKey.equals(noiseKey) || !applicant.keys.identity.equals(identity)) {
      throw new ControlError(422, 'QR_MISMATCH', 'the keys in that code are not those of the device that waits with it');
    }
    return this.#link(applicant, account, advSecret);
  }

  /** An unpaired client asks for pairing by code. Gives the reference that its next step carries. */
  hello(connection: Connection, number: string, wrappedEphemeral: Buffer): Buffer {
    const applicant = this.#applicants.get(connection);
    if (applicant) applicant.hello = { number, wrappedEphemeral };
    return Buffer.from(`code-${connection.record.connId}`);
  }

  /** An unpaired client takes the last step of pairing by code. */
  finish(connection: Connection, node: Stanza): void {
    this.#applicants.get(connection)?.finish?.(node);
  }

  /** A phone types a pairing code. Throws NO_CODE_REQUESTED, WRONG_CODE, PAIRING_NOT_CONFIRMED. */
  async enterCode(account: Account, code: string): Promise<PairingOutcome> {
    // The newest request for a number counts, as the phone shows only that one.
    const applicant = [...this.#applicants.values()].reverse().find(({ hello }) => hello?.number === account.number);
    if (!applicant?.hello) throw new ControlError(404, 'NO_CODE_REQUESTED', `no device asked for a code for ${account.number}`);
    const companionEphemeral = await unwrapKey(code, applicant.hello.wrappedEphemeral);
    const ephemeral = Curve.generateKeyPair();
    const notification = stanza('link_code_companion_reg', { stage: 'primary_hello' }, [
      stanza('link_code_pairing_wrapped_primary_ephemeral_pub', {}, await wrapKey(code, ephemeral.public)),
      stanza('primary_identity_pub', {}, account.phone.keys.identity.public),
      stanza('link_code_pairing_ref', {}, Buffer.from(`code-${applicant.connection.record.connId}`)),
    ]);
    const last = await this.#lastStep(applicant, notification);
    const companionIdentity = bytesOf(childOf(last, 'companion_identity_public'));
    const bundle = bytesOf(childOf(last, 'link_code_pairing_wrapped_key_bundle'));
    const advSecret = openKeyBundle({ ephemeral, companionEphemeral, account: account.phone.keys.identity, bundle, companionIdentity });
    return this.#link(applicant, account, advSecret);
  }

  async #lastStep(applicant: Applicant, child: Stanza): Promise<Stanza> {
    const { connection } = applicant;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new ControlError(504, 'PAIRING_NOT_CONFIRMED', 'the device did not answer')), REPLY_TIMEOUT_MS);
      applicant.finish = (node) => {
        clearTimeout(late);
        resolve(node);
      };
      const id = `code-${connection.record.connId}`;
      connection.send(this.#notification('link_code_companion_reg', id, [child]));
    });
  }

  async #link(applicant: Applicant, account: Account, advSecret: Buffer): Promise<PairingOutcome> {
    const world = this.#world();
    const { connection, keys } = applicant;
    if (world.faults.strike('passkey', ({ number }) => number === undefined || number === account.number)) {
      const request = stanza('passkey_prologue_request', {}, Buffer.from(randomBytes(32)));
      connection.send(this.#notification('passkey_prologue_request', `passkey-${connection.record.connId}`, [request]));
      return { deviceJid: null, passkeyRequested: true };
    }
    // One code links one device, however often it is scanned.
    this.forget(connection);
    const { device, keyIndex } = account.nextDevice();
    const companion = new Companion(account, device, keyIndex, keys);
    const timestamp = world.clock.seconds();
    const claim = { account: account.phone.keys.identity, deviceIdentity: keys.identity, advSecret, keyIndex, timestamp };
    const success = stanza('pair-success', {}, [
      stanza('device-identity', {}, certifyDevice(claim)),
      stanza('device', { jid: companion.jid, lid: companion.lid }),
      stanza('platform', { name: 'android' }),
      // The only place from which a client learns its own name; without one it never reports itself available.
      stanza('biz', { name: account.name }),
    ]);
    const reply = await connection.query(
      stanza('iq', { from: SERVER_JID, type: 'set', xmlns: 'md', t: timestamp }, [success]),
      REPLY_TIMEOUT_MS,
    );
    if (!childOf(childOf(reply ?? undefined, 'pair-device-sign'), 'device-identity')) {
      throw new ControlError(504, 'PAIRING_NOT_CONFIRMED', 'the device did not sign its identity');
    }
    account.companions.set(device, companion);
    connection.record.deviceJid = companion.jid;
    announceDevice(world, companion, 'add');
    world.changed();
    connection.streamError(515, null, 'restart after pairing');
    return { deviceJid: companion.jid, passkeyRequested: false };
  }

  #expire(connection: Connection): void {
    if (this.#applicants.has(connection)) connection.close('QR codes expired');
  }

  #notification(type: string, id: string, content: Stanza[]): Stanza {
    return stanza('notification', { id, from: SERVER_JID, type, t: this.#world().clock.seconds() }, content);
  }
}

function keysOf(noiseKey: Buffer, data: proto.ClientPayload.IDevicePairingRegistrationData): DeviceKeys {
  const bytes = (value: Uint8Array | null | undefined): Buffer => Buffer.from(value ?? []);
  const number = (value: Uint8Array | null | undefined): number =>
    value?.length ? bytes(value).readUIntBE(0, Math.min(value.length, 6)) : 0;
  return {
    noiseKey,
    identity: bytes(data.eIdent),
    registrationId: number(data.eRegid),
    signedPreKey: { id: number(data.eSkeyId), value: bytes(data.eSkeyVal), signature: bytes(data.eSkeySig) },
  };
}
