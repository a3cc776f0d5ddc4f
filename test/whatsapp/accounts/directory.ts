import { ControlError } from '../control/control-error.js';
import { LID_SERVER, parseJid } from '../wire/jids.js';
import type { Account } from './account.js';
import type { Companion } from './companion.js';

const FIRST_NUMBER = 6_281_200_000_001;
const FIRST_LID = 100_000_000_000_001;
const NUMBER = /^[1-9]\d{6,14}$/;

/** All accounts, found by number, by LID, or by the address of a device. */
export class Directory {
  readonly #byNumber = new Map<string, Account>();
  readonly #byLid = new Map<string, Account>();

  add(account: Account): void {
    this.#byNumber.set(account.number, account);
    this.#byLid.set(account.lid, account);
  }

  all(): IterableIterator<Account> {
    return this.#byNumber.values();
  }

  get size(): number {
    return this.#byNumber.size;
  }

  /** Throws 404 PHONE_NOT_FOUND. */
  byNumber(number: string): Account {
    const account = this.#byNumber.get(number);
    if (!account) throw new ControlError(404, 'PHONE_NOT_FOUND', `there is no phone ${number}`);
    return account;
  }

  /** The account an address belongs to, phone number or LID, whatever the device. */
  find(jid: string | undefined): Account | undefined {
    const address = parseJid(jid);
    if (!address) return undefined;
    return (address.server === LID_SERVER ? this.#byLid : this.#byNumber).get(address.user);
  }

  /** The linked device behind an address; undefined for phones, unlinked devices and strangers. */
  companion(jid: string | undefined): Companion | undefined {
    return this.find(jid)?.companions.get(parseJid(jid)?.device ?? 0);
  }

  /** A free number (the asked-for one if given) and LID. Throws 400 INVALID_NUMBER or 409 NUMBER_TAKEN. */
  allocate(wanted?: string): { number: string; lid: string } {
    if (wanted !== undefined && !NUMBER.test(wanted)) throw new ControlError(400, 'INVALID_NUMBER', 'a number is 7 to 15 digits');
    if (wanted !== undefined && this.#byNumber.has(wanted)) throw new ControlError(409, 'NUMBER_TAKEN', `${wanted} has a phone already`);
    return { number: wanted ?? this.#free(this.#byNumber, FIRST_NUMBER), lid: this.#free(this.#byLid, FIRST_LID) };
  }

  #free(taken: ReadonlyMap<string, Account>, first: number): string {
    let candidate = first + taken.size;
    while (taken.has(String(candidate))) candidate += 1;
    return String(candidate);
  }
}
