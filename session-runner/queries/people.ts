import { canonicalJid, isLid, withoutDevice } from '../../shared/domain/ids.js';
import type { Person } from '../../shared/ipc/queries/person.js';
import type { WASocket } from '../baileys.js';

/** A person by the one or two identities that are known of them. */
export const personOf = (jid: string, other?: string | null): Person => {
  const person = canonicalJid(jid, other ?? undefined);
  const lid = [jid, other ?? ''].map(withoutDevice).find(isLid);
  return { jid: person, ...(lid !== undefined && { lid }) };
};

/** The same with what the session learned before; asks WhatsApp for nothing. */
export const knownPerson = async ({ signalRepository }: WASocket, jid: string): Promise<Person> =>
  personOf(jid, isLid(jid) ? await signalRepository.lidMapping.getPNForLID(jid) : undefined);

/** A person with both identities: asks WhatsApp for the LID of a number that was not met before. */
export const wholePerson = async (sock: WASocket, jid: string): Promise<Person> =>
  isLid(jid) ? knownPerson(sock, jid) : personOf(jid, await sock.signalRepository.lidMapping.getLIDForPN(jid));
