// How a session looks in answers. Keys without a value are left out: `undefined` never reaches the JSON, and the backends refuse null.
import type { z } from 'zod';
import type { Restriction } from '../../shared/domain/restriction.js';
import { REASONS } from '../../shared/domain/session.js';
import type { Suspect } from '../placement/suspect-policy.js';
import type { SessionView } from '../worker.js';
import { qrDataUrl } from '../qr-image.js';
import type { ConnectAnswer, Session } from './schemas/session.js';

export const iso = (at: number): string => new Date(at).toISOString();

/** Times of sessions that were written before: they change rarely and are asked for by the thousand, and to write one takes a microsecond. */
const written = new Map<number, string>();
const MOST_WRITTEN = 10_000;

const sessionTime = (at: number): string => {
  let text = written.get(at);
  if (text === undefined) {
    if (written.size >= MOST_WRITTEN) written.clear();
    written.set(at, (text = iso(at)));
  }
  return text;
};

export const sessionJson = (view: SessionView): z.input<typeof Session> => ({
  sessionId: view.sessionId,
  status: view.status,
  phoneNumber: view.phoneNumber,
  lastActivity: sessionTime(view.lastActivity),
  reason: view.reason,
  message: REASONS[view.reason],
  since: sessionTime(view.since),
  seq: view.seq,
  desired: view.desired,
  createdAt: sessionTime(view.createdAt),
  userId: view.userId,
  sessionName: view.sessionName,
  pushName: view.pushName,
  jid: view.jid,
  lid: view.lid,
  slot: view.slot,
  restricted: view.restricted && restrictionJson(view.restricted),
  deaf: view.deaf && { times: view.deaf.times, rung: view.deaf.rung, lastAt: iso(view.deaf.lastAt) },
  suspect: view.suspect && suspectJson(view.suspect),
});

const restrictionJson = ({ kind, since, until, told }: Restriction) => ({ kind, since: iso(since), until: iso(until), told });

const suspectJson = ({ deaths, isolated }: Suspect) => ({
  deaths: deaths.map(({ at, operation, verdict }) => ({ at: iso(at), operation, verdict })),
  isolated,
});

/** The answer to connect: where the session got to while the caller waited. */
export const connectJson = (view: SessionView): z.input<typeof ConnectAnswer> => {
  const { sessionId, status, reason, phoneNumber } = view;
  if (view.state === 'connecting') return { sessionId, status: 'connecting', message: 'Connection initiated' };
  return { sessionId, status, ...qrJson(view), phoneNumber, reason, message: REASONS[reason] };
};

const qrJson = ({ state, qr }: SessionView) =>
  state === 'qr_required' && qr ? { qrCode: qrDataUrl(qr.value), expiresAt: iso(qr.expiresAt), attempt: qr.attempt } : {};
