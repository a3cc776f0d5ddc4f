// When it is suspicious that a session hears nothing, and what proves that it was deaf. Pure: times are milliseconds of one monotonic clock.
import type { Rhythm } from '../../shared/domain/rhythm.js';

export const DEAFNESS = {
  /** Live stanzas from which on a rhythm is known; before, silence says nothing. */
  stanzas: 20,
  /** Silence is suspicious at so many times the usual one. */
  timesUsual: 2,
  /** In this time a long silence counts half: the night is remembered until the next one, a holiday is not for long. */
  halfLifeMs: 24 * 60 * 60_000,
  /** False alarms that are remembered once something comes again. */
  lastingDoubt: 3,
  /** Logged in for so long, and neither told that everything was delivered nor given anything. */
  backlogMs: 60_000,
  /** WhatsApp took messages to so many chats, and none was received, read or answered … */
  unheardChats: 5,
  /** … in this part of the shortest suspicious silence. */
  unheardShare: 0.2,
  /** Who heard well for so long is no longer deaf in a row. */
  recoveredMs: 60 * 60_000,
  /** From this one in a row on, the pauses between attempts double. */
  patientAfter: 3,
  maxDoublings: 20,
} as const;

/** One socket, from its login on. */
export interface Ear {
  /** The last stanza that meant something, or the login. */
  readonly quietSince: number;
  /** Whether WhatsApp said that it has delivered what it had, or sends live. */
  readonly caughtUp: boolean;
  /** Chats to which WhatsApp took a message since then. */
  readonly unheardChats: ReadonlySet<string>;
  /** When they were enough. */
  readonly unheardSince: number | undefined;
}

export const freshEar = (at: number): Ear => ({ quietSince: at, caughtUp: false, unheardChats: new Set(), unheardSince: undefined });

export const afterStanza = (ear: Ear, live: boolean, at: number): Ear => ({ ...freshEar(at), caughtUp: ear.caughtUp || live });

/** WhatsApp acknowledged a message to that chat. */
export const afterAck = (ear: Ear, chat: string, at: number): Ear => {
  const unheardChats = new Set([...ear.unheardChats, chat].slice(0, DEAFNESS.unheardChats));
  const enough = unheardChats.size >= DEAFNESS.unheardChats;
  return { ...ear, unheardChats, unheardSince: enough ? (ear.unheardSince ?? at) : undefined };
};

/** @param sinceDeafMs since it was last found deaf; undefined when it never was */
export const afterGap = (rhythm: Rhythm, gapMs: number, sinceDeafMs: number | undefined): Rhythm => ({
  stanzas: rhythm.stanzas + 1,
  usualMs: Math.max(gapMs, rhythm.usualMs * 2 ** (-gapMs / DEAFNESS.halfLifeMs)),
  doubt: Math.min(rhythm.doubt, DEAFNESS.lastingDoubt),
  deafInARow: sinceDeafMs !== undefined && sinceDeafMs < DEAFNESS.recoveredMs ? rhythm.deafInARow : 0,
});

export const afterFalseAlarm = (rhythm: Rhythm): Rhythm => ({ ...rhythm, doubt: Math.min(rhythm.doubt + 1, DEAFNESS.maxDoublings) });

export const afterDeafness = (rhythm: Rhythm): Rhythm => ({
  ...rhythm,
  doubt: 0,
  deafInARow: Math.min(rhythm.deafInARow + 1, DEAFNESS.maxDoublings),
});

/** What a probe is sent for. */
export type Suspicion = 'silence' | 'no_receipts' | 'no_backlog';

/** @param floorMs the shortest silence that can be suspicious */
export const suspicion = (ear: Ear, rhythm: Rhythm, at: number, floorMs: number): Suspicion | undefined => {
  const doublings = Math.min(rhythm.doubt + Math.max(0, rhythm.deafInARow - DEAFNESS.patientAfter), DEAFNESS.maxDoublings);
  const patience = 2 ** doublings;
  const silence = at - ear.quietSince;
  if (!ear.caughtUp && silence >= DEAFNESS.backlogMs * patience) return 'no_backlog';
  if (ear.unheardSince !== undefined && at - ear.unheardSince >= floorMs * DEAFNESS.unheardShare * patience) return 'no_receipts';
  const known = rhythm.stanzas >= DEAFNESS.stanzas;
  return known && silence >= Math.max(floorMs, DEAFNESS.timesUsual * rhythm.usualMs) * patience ? 'silence' : undefined;
};

/** A socket that was given up although it answered: from when to when nothing came. */
export interface Silence {
  readonly since: number;
  readonly until: number;
}

/** A login, by our clock and by WhatsApp's, which tells Unix seconds. */
export interface Login {
  readonly at: number;
  readonly seconds: number;
}

/** WhatsApp's times are whole seconds, on both sides of a comparison. */
const GRAIN_MS = 1_000;
/** What was sent so shortly before the end may just not have arrived yet. */
const ON_ITS_WAY_MS = 2_000;

/** Whether a stanza of the backlog, by its time in Unix seconds, should have come while nothing did. */
export const provesDeafness = (seconds: number, { since, until }: Silence, login: Login): boolean => {
  const at = login.at + (seconds - login.seconds) * 1_000;
  return at > since + GRAIN_MS && at < until - ON_ITS_WAY_MS;
};
