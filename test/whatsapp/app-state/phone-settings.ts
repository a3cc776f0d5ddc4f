import {
  chatModificationToAppPatch,
  decodePatches,
  encodeSyncdPatch,
  newLTHashState,
  proto,
  type ChatModification,
  type LTHashState,
  type WAPatchName,
} from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import type { AppStateKey } from './app-state-key.js';

/** One setting that the devices of an account agree on, e.g. `["pin_v1", "6281…@s.whatsapp.net"]`. */
export interface SharedSetting {
  readonly collection: string;
  readonly index: readonly string[];
  /** The action as the protocol writes it, in JSON form. */
  readonly action: Readonly<Record<string, unknown>>;
}

const NAMES: readonly WAPatchName[] = ['critical_block', 'critical_unblock_low', 'regular_high', 'regular_low', 'regular'];

/** What a phone makes of the patches of its account: the last action of each index. Patches that it cannot open count for nothing. */
export async function sharedSettings(account: Account, key: AppStateKey): Promise<SharedSetting[]> {
  const settings: SharedSetting[] = [];
  for (const collection of NAMES) {
    const { mutations } = await replay(account, key, collection);
    for (const { index, syncAction } of Object.values(mutations)) {
      const action = proto.SyncActionValue.toObject(syncAction.value as proto.SyncActionValue, { longs: Number, bytes: String });
      settings.push({ collection, index, action });
    }
  }
  return settings;
}

/** Changes a setting on the phone, e.g. pins a chat; gives the collection it is in. */
export async function changeSetting(account: Account, key: AppStateKey, change: ChatModification, jid: string): Promise<string> {
  const patch = chatModificationToAppPatch(change, jid);
  const { state } = await replay(account, key, patch.type);
  const { patch: encoded } = await encodeSyncdPatch(patch, key.id.toString('base64'), state, keyFinder(key));
  const bytes = proto.SyncdPatch.encode(encoded).finish();
  if (!account.collections.add(patch.type, account.collections.version(patch.type), bytes)) throw new Error('the patch came too late');
  return patch.type;
}

async function replay(account: Account, key: AppStateKey, name: WAPatchName): Promise<Replayed> {
  const patches = account.collections.since(name, 0).map((bytes) => proto.SyncdPatch.decode(bytes));
  const { state, mutationMap } = await decodePatches(name, patches, newLTHashState(), keyFinder(key), {}, undefined, undefined, true);
  return { state, mutations: mutationMap };
}

interface Replayed {
  readonly state: LTHashState;
  readonly mutations: Awaited<ReturnType<typeof decodePatches>>['mutationMap'];
}

function keyFinder({ id, data }: AppStateKey): Parameters<typeof encodeSyncdPatch>[3] {
  const known = id.toString('base64');
  return async (wanted) => Promise.resolve(wanted === known ? { keyData: data } : undefined);
}
