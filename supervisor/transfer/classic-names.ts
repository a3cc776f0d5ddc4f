// The classic layout of Baileys' credentials, `useMultiFileAuthState`: one file per key, named by its type and id.

/** What is known of the ids of one type of key. */
interface KeyType {
  /** Ids as they stand in a file name. */
  pattern: RegExp;
  /** The id a name stands for, where it is not the name itself. */
  idOf?: (named: string) => string;
}

const ADDRESS = /^[^.]+\.\d+$/;
const ANY = /^.+$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Every type there is, as Baileys has them. */
export const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  'pre-key': { pattern: /^\d+$/ },
  session: { pattern: ADDRESS },
  'identity-key': { pattern: ADDRESS },
  // `group::user::device`
  'sender-key': { pattern: /^.+--[^-]+--\d+$/, idOf: (named) => named.replace(/^(.+)--([^-]+)--(\d+)$/, '$1::$2::$3') },
  'sender-key-memory': { pattern: ANY },
  // Base64 has no underscores of its own. Other ids may: `123_reverse`, `__index`.
  'app-state-sync-key': { pattern: ANY, idOf: (named) => withSlashes(named) },
  'app-state-sync-version': { pattern: ANY },
  'lid-mapping': { pattern: ANY },
  'device-list': { pattern: ANY },
  tctoken: { pattern: ANY },
};

/** `sender-key-memory-…` is no `sender-key-…`. */
const LONGEST_FIRST = Object.entries(KEY_TYPES).sort(([a], [b]) => b.length - a.length);

export interface KeyName {
  type: string;
  id: string;
}

export const CREDS_FILE = 'creds.json';

export const fileNameOf = ({ type, id }: KeyName): string => `${type}-${id}.json`.replaceAll('/', '__').replaceAll(':', '-');

/** Undefined for a name Baileys does not give. */
export const keyNameOf = (fileName: string): KeyName | undefined => {
  if (!fileName.endsWith('.json')) return undefined;
  const name = fileName.slice(0, -'.json'.length);
  const [type, rules] = LONGEST_FIRST.find(([prefix]) => name.startsWith(`${prefix}-`)) ?? [];
  if (type === undefined || rules === undefined) return undefined;
  const named = name.slice(type.length + 1);
  return rules.pattern.test(named) ? { type, id: rules.idOf?.(named) ?? named } : undefined;
};

const withSlashes = (named: string): string => {
  const id = named.replaceAll('__', '/');
  return BASE64.test(id) ? id : named;
};
