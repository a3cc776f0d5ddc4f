import type { Connection } from '../server/connection.js';
import { formatJid, LID_SERVER, PHONE_SERVER } from '../wire/jids.js';
import type { Account } from './account.js';
import { DeliveryQueue } from './delivery-queue.js';
import { PreKeyShelf } from './pre-key-shelf.js';

/** The signed pre-key of a device, public parts only. */
export interface SignedPreKey {
  readonly id: number;
  readonly value: Buffer;
  readonly signature: Buffer;
}

/** The public keys that a device registered with. */
export interface DeviceKeys {
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  readonly registrationId: number;
  signedPreKey: SignedPreKey;
}

/** A linked device: number 1 and up of its account. */
export class Companion {
  readonly queue = new DeliveryQueue();
  /** The logged-in connection, if any. */
  connection: Connection | null = null;
  /** Whether that connection asked for its messages (`passive active`). */
  receiving = false;
  /** Whether its phone was asked for the history. */
  greeted = false;

  constructor(
    readonly account: Account,
    readonly device: number,
    readonly keyIndex: number,
    readonly keys: DeviceKeys,
    readonly preKeys: PreKeyShelf = new PreKeyShelf(),
  ) {}

  get jid(): string {
    return formatJid(this.account.number, this.device, PHONE_SERVER);
  }

  get lid(): string {
    return formatJid(this.account.lid, this.device, LID_SERVER);
  }
}
