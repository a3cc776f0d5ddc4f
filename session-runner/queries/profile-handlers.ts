import { readFile } from 'node:fs/promises';
import { isGroup } from '../../shared/domain/ids.js';
import { AppError } from '../../shared/errors.js';
import type { PROFILE_QUERIES } from '../../shared/ipc/queries/profile-queries.js';
import type { WASocket } from '../baileys.js';
import { assertSharesSettings } from './chat-handlers.js';
import { knownPerson, wholePerson } from './people.js';
import type { QueryHandlers } from './query-scope.js';

export const PROFILE_HANDLERS: QueryHandlers<keyof typeof PROFILE_QUERIES> = {
  'profile.name': async ({ name }, { sock }) => {
    const { creds } = sock.authState;
    assertSharesSettings(sock);
    await sock.updateProfileName(name);
    // Baileys tells itself only of what other devices change, and it is this name that goes out with our presence.
    if (creds.me) sock.ev.emit('creds.update', { me: { ...creds.me, name } });
    return {};
  },

  'profile.about': async ({ text }, { sock }) => {
    await sock.updateProfileStatus(text);
    return {};
  },

  'profile.picture': async ({ path, group }, { sock, groups }) => {
    const bytes = path === null ? undefined : await readFile(path);
    await sock.query({
      tag: 'iq',
      attrs: { to: 's.whatsapp.net', type: 'set', xmlns: 'w:profile:picture', ...(group !== undefined && { target: group }) },
      ...(bytes && { content: [{ tag: 'picture', attrs: { type: 'image' }, content: bytes }] }),
    });
    if (group !== undefined) groups.forget(group);
    return {};
  },

  'presence.set': async ({ available }, { sock }) => {
    assertNamed(sock);
    await sock.sendPresenceUpdate(available ? 'available' : 'unavailable');
    return {};
  },

  'presence.subscribe': async ({ jid }, { sock }) => {
    // WhatsApp answers nothing; for a number that is nobody's the question below is asked in vain.
    const person = await wholePerson(sock, jid);
    await sock.presenceSubscribe(person.jid);
    return {};
  },

  'presence.watch': async ({ on }, { presenceTeller }) => {
    presenceTeller.turn(on);
    return Promise.resolve({});
  },

  'presence.get': async ({ chat }, { presences, sock }) => {
    const { jid, lid = jid } = isGroup(chat) ? { jid: chat } : await wholePerson(sock, chat);
    const heard = [...new Set([jid, lid])].flatMap((name) => [...presences.of(name)]).sort(([, a], [, b]) => a.at - b.at);
    const named = await Promise.all(heard.map(async ([who, presence]) => [(await knownPerson(sock, who)).jid, presence] as const));
    return { presences: Object.fromEntries(named) };
  },
};

/** Without a name Baileys would say nothing, and nobody would know. */
const assertNamed = (sock: WASocket): void => {
  if (!sock.authState.creds.me?.name) throw new AppError('CONFLICT', 'The profile needs a name before it can be shown as there or gone.');
};
