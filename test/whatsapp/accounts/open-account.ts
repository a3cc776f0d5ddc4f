import { makePhoneKeys } from '../phone/phone-keys.js';
import { Phone } from '../phone/phone.js';
import { SignalBox } from '../phone/signal-box.js';
import type { World } from '../world.js';
import { Account } from './account.js';

/** What a new account may bring along; a number is 7 to 15 digits, both are made up when missing. */
export interface NewAccount {
  readonly number?: string | undefined;
  readonly name?: string | undefined;
}

/** Opens an account: a number, a LID, and a phone that is online. Throws INVALID_NUMBER or NUMBER_TAKEN. */
export function openAccount(world: World, wanted: NewAccount = {}): Account {
  const { number, lid } = world.directory.allocate(wanted.number);
  const account = new Account(number, lid, wanted.name ?? `Phone ${number}`);
  const keys = makePhoneKeys();
  account.phone = new Phone(world, account, keys, new SignalBox(number, keys));
  world.directory.add(account);
  world.changed();
  return account;
}
