// Every key of every object, built in this one file.
import { isMediaKind, type MediaRef } from '../domain/media.js';

const KEY = /^(?!\/)(?!.*\/\/)(?!.*\/$)[A-Za-z0-9._/-]{1,900}$/;
const LONGEST_SEGMENT = 255;

/** True for a key every S3-compatible server and every file system takes. */
export const isKey = (key: string): boolean =>
  KEY.test(key) && key.split('/').every((segment) => segment.length <= LONGEST_SEGMENT && segment !== '.' && segment !== '..');

export const isPrefix = (prefix: string): boolean => prefix.endsWith('/') && isKey(prefix.slice(0, -1));

const NUMBER_DIGITS = 12;
const padded = (number: number, digits: number): string => String(number).padStart(digits, '0');

/** Session and worker ids are path segments by their own rules. */
export const KEYS = {
  sessionsPrefix: 'sessions/',
  session: (sessionId: string) => `sessions/${sessionId}/`,
  sessionData: (sessionId: string) => `sessions/${sessionId}/session-data.json`,
  auth: (sessionId: string) => `sessions/${sessionId}/auth_info_baileys/auth.json.gz`,
  authFolder: (sessionId: string) => `sessions/${sessionId}/auth_info_baileys/`,
  /** `sha256` of the object, in hexadecimal: what was written once under a key never changes. */
  keys: (sessionId: string, sha256: string) => `sessions/${sessionId}/auth_info_baileys/keys-${sha256}.bin`,
  /** As earlier versions wrote it, of pre-keys only. */
  preKeys: (sessionId: string, sha256: string) => `sessions/${sessionId}/auth_info_baileys/pre-keys-${sha256}.bin`,
  sends: (sessionId: string) => `sessions/${sessionId}/sends.json.gz`,
  messages: (sessionId: string) => `sessions/${sessionId}/messages/`,
  /** `2026-11-22.json`, then `2026-11-22.1.json` … */
  messagePart: (sessionId: string, day: string, part: number) =>
    `sessions/${sessionId}/messages/${day}${part === 0 ? '' : `.${part}`}.json`,
  media: (sessionId: string) => `media/${sessionId}/`,
  mediaFile: ({ sessionId, kind, sha256 }: MediaRef) => `media/${sessionId}/${kind}/${sha256}`,
  worker: (workerId: string) => `journal/${workerId}/`,
  owner: (workerId: string) => `journal/${workerId}/owner.json`,
  catalog: (workerId: string) => `journal/${workerId}/catalog.json`,
  entries: (workerId: string) => `journal/${workerId}/entries/`,
  /** Sorts by term, then by number. */
  entry: (workerId: string, term: number, number: number) =>
    `journal/${workerId}/entries/${padded(term, 6)}-${padded(number, NUMBER_DIGITS)}`,
  damaged: (workerId: string, at: number, key: string) => `damaged/${workerId}/${at}/${key}`,
} as const;

/** The other way round; undefined for anything else. */
export const entryNumberOf = (key: string): { term: number; number: number } | undefined => {
  const match = /\/entries\/(\d{6})-(\d{12})$/.exec(key);
  return match ? { term: Number(match[1]), number: Number(match[2]) } : undefined;
};

/** The other way round; undefined for anything else. */
export const mediaRefOf = (key: string): MediaRef | undefined => {
  const [, sessionId, kind, sha256] = /^media\/([A-Za-z0-9_-]{1,100})\/([a-z]+)\/([0-9a-f]{64})$/.exec(key) ?? [];
  return sessionId !== undefined && sha256 !== undefined && isMediaKind(kind) ? { sessionId, kind, sha256 } : undefined;
};
