import { parseJid } from '../wire/jids.js';
import { childrenOf, type Stanza } from '../wire/stanza.js';
import type { StanzaMatch, Target } from './fault.js';

/** What is known of a connection; null before it logged in. */
export interface Subject {
  readonly number: string | null;
  readonly device: number | null;
  readonly connId: number;
}

const JID_ATTRIBUTES = ['from', 'to', 'participant', 'recipient'];

/** Whether a connection is among those that a target names. */
export function targets(target: Target, subject: Subject): boolean {
  return (
    (target.number === undefined || target.number === subject.number) &&
    (target.device === undefined || target.device === subject.device) &&
    (target.connId === undefined || target.connId === subject.connId)
  );
}

/** Whether a stanza is as a match describes it. A jid without a device matches all devices of that user. */
export function matchesStanza(match: StanzaMatch, node: Stanza): boolean {
  const attribute = (wanted: string | null | undefined, name: string): boolean =>
    wanted === undefined || wanted === (node.attrs[name] ?? null);
  return (
    (match.tag === undefined || match.tag === node.tag) &&
    attribute(match.class, 'class') &&
    attribute(match.type, 'type') &&
    attribute(match.id, 'id') &&
    attribute(match.xmlns, 'xmlns') &&
    (match.child === undefined || childrenOf(node)[0]?.tag === match.child) &&
    (match.jid === undefined || JID_ATTRIBUTES.some((name) => sameJid(match.jid, node.attrs[name])))
  );
}

function sameJid(wanted: string | undefined, actual: string | undefined): boolean {
  if (wanted === actual) return true;
  const [a, b] = [parseJid(wanted), parseJid(actual)];
  return a !== undefined && b !== undefined && a.device === 0 && a.user === b.user && a.server === b.server;
}
