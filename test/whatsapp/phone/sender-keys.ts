import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from '@whiskeysockets/baileys/lib/Signal/Group/index.js';

/** The keys by which members of groups encrypt for all others at once: a phone's own, and those it was given. */
export class SenderKeys {
  readonly #records: Map<string, string>;
  /** Devices that have this phone's own key, by group. */
  readonly #holders: Map<string, Set<string>>;
  readonly #own: string;
  readonly #store;

  /** `own` is the user part of the phone's LID. */
  constructor(
    own: string,
    records: Iterable<readonly [string, string]> = [],
    holders: Iterable<readonly [string, readonly string[]]> = [],
  ) {
    const kept = new Map(records);
    this.#own = own;
    this.#records = kept;
    this.#holders = new Map([...holders].map(([group, devices]) => [group, new Set(devices)]));
    this.#store = {
      loadSenderKey: async (name: SenderKeyName) => {
        const record = kept.get(name.toString());
        return Promise.resolve(record === undefined ? new SenderKeyRecord() : SenderKeyRecord.deserialize(Buffer.from(record)));
      },
      storeSenderKey: async (name: SenderKeyName, record: SenderKeyRecord) => {
        kept.set(name.toString(), JSON.stringify(record.serialize()));
        return Promise.resolve();
      },
    };
  }

  /** Encrypts for a group, and gives the message that hands out the key to those without it. */
  async encrypt(group: string, plaintext: Buffer): Promise<{ body: Buffer; distribution: Buffer }> {
    const distribution = await this.distribution(group);
    const body = await new GroupCipher(this.#store, nameOf(group, this.#own, 0)).encrypt(plaintext);
    return { body: Buffer.from(body), distribution };
  }

  /** The message that hands out the phone's own key as it stands now. */
  async distribution(group: string): Promise<Buffer> {
    return Buffer.from((await new GroupSessionBuilder(this.#store).create(nameOf(group, this.#own, 0))).serialize());
  }

  /** Takes the key of a member's device. */
  async take(group: string, author: string, device: number, distribution: Buffer): Promise<void> {
    const message = new SenderKeyDistributionMessage(null, null, null, null, distribution);
    await new GroupSessionBuilder(this.#store).process(nameOf(group, author, device), message);
  }

  /** Throws when that device's key is not here or does not fit. */
  async decrypt(group: string, author: string, device: number, body: Buffer): Promise<Buffer> {
    return Buffer.from(await new GroupCipher(this.#store, nameOf(group, author, device)).decrypt(body));
  }

  /** Whether a device has the phone's own key; from now on it counts as having it. */
  handOver(group: string, device: string): boolean {
    const holders = this.#holders.get(group) ?? new Set();
    this.#holders.set(group, holders);
    const had = holders.has(device);
    holders.add(device);
    return !had;
  }

  /** Begins a new own key: who left the group does not get it. */
  renew(group: string): void {
    this.#records.delete(nameOf(group, this.#own, 0).toString());
    this.#holders.delete(group);
  }

  forget(): void {
    this.#records.clear();
    this.#holders.clear();
  }

  entries(): { records: [string, string][]; holders: [string, string[]][] } {
    return { records: [...this.#records], holders: [...this.#holders].map(([group, devices]) => [group, [...devices]]) };
  }
}

function nameOf(group: string, user: string, device: number): SenderKeyName {
  return new SenderKeyName(group, { id: user, deviceId: device, toString: () => `${user}.${device}` });
}
