import type { Worker } from '../../worker.js';
import { changeInOrder, type Change } from '../change-in-order.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { ChatPath } from '../schemas/person.js';
import { Changed, ChangeProfile, Followed, FollowPresence, Presences, SetPresence } from '../schemas/profile.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';
import { QUERY_ERRORS } from './query-errors.js';

export const profileEndpoints = ({ queries }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'put', path: '/session/:id/profile', tag: 'profile' },
    summary: 'Changes what the account shows of itself.',
    params: SessionPath,
    body: ChangeProfile,
    data: Changed,
    errors: QUERY_ERRORS,
    examples: { about: { params: { id: 'alice' }, body: { about: 'On holiday' }, data: { changed: ['about'] } } },
    handle: async ({ params: { id }, body: { name, about, picture } }) => {
      const changes: Change[] = [
        ...(name === undefined ? [] : [['name', async () => queries.ask(id, 'profile.name', { name })] as const]),
        ...(about === undefined ? [] : [['about', async () => queries.ask(id, 'profile.about', { text: about })] as const]),
        ...(picture === undefined ? [] : [['picture', async () => queries.setPicture(id, picture)] as const]),
      ];
      return { changed: await changeInOrder(changes) };
    },
  }),
  endpoint({
    ...{ method: 'put', path: '/session/:id/presence', tag: 'presence' },
    summary: 'Shows the account as there, or as gone.',
    params: SessionPath,
    body: SetPresence,
    data: SetPresence,
    errors: QUERY_ERRORS,
    examples: { there: { params: { id: 'alice' }, body: { presence: 'available' }, data: { presence: 'available' } } },
    handle: async ({ params: { id }, body: { presence } }) => {
      await queries.ask(id, 'presence.set', { available: presence === 'available' });
      return { presence };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/presence/subscribe', tag: 'presence' },
    summary: 'Lets WhatsApp tell whether a person is there, until the connection ends.',
    params: SessionPath,
    body: FollowPresence,
    data: Followed,
    errors: QUERY_ERRORS,
    examples: {
      bob: { params: { id: 'alice' }, body: { to: '6281200000002' }, data: { to: '6281200000002@s.whatsapp.net' } },
    },
    handle: async ({ params: { id }, body: { to } }) => {
      await queries.ask(id, 'presence.subscribe', { jid: to });
      return { to };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/presence/:jid', tag: 'presence' },
    summary: 'What was heard last of who is in a chat.',
    params: ChatPath,
    data: Presences,
    errors: QUERY_ERRORS,
    examples: {
      bob: {
        params: { id: 'alice', jid: '6281200000002' },
        data: {
          presences: [
            {
              ...{ jid: '6281200000002@s.whatsapp.net', state: 'unavailable' },
              ...{ lastSeen: '2026-11-22T16:19:13.000Z', at: '2026-11-22T16:19:14.102Z' },
            },
          ],
        },
      },
    },
    handle: async ({ params: { id, jid } }) => {
      const { presences } = await queries.ask(id, 'presence.get', { chat: jid });
      return {
        presences: Object.entries(presences).map(([who, { state, lastSeen, at }]) => ({
          ...{ jid: who, state, at: iso(at) },
          lastSeen: lastSeen === undefined ? null : iso(lastSeen),
        })),
      };
    },
  }),
];
