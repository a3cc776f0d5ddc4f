import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { Block, Blocks, CheckedNumbers, CheckNumbers, ContactProfile } from '../schemas/contact.js';
import { PersonPath, personJson } from '../schemas/person.js';
import { PictureQuery, ShownPicture } from '../schemas/picture.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';
import { QUERY_ERRORS } from './query-errors.js';

const BOB = { jid: '6281200000002@s.whatsapp.net', lid: '100000000000002@lid', phoneNumber: '+6281200000002' };
const PICTURE = { id: '1763830000000', url: 'https://pps.whatsapp.net/v/t61.24694-24/1763830000000.jpg' };
const ofBob = { id: 'alice', jid: '6281200000002' };

export const contactEndpoints = ({ queries }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/:id/contacts/check', tag: 'contacts' },
    summary: 'Says which numbers are on WhatsApp.',
    params: SessionPath,
    body: CheckNumbers,
    data: CheckedNumbers,
    errors: QUERY_ERRORS,
    examples: {
      'two numbers': {
        params: { id: 'alice' },
        body: { numbers: ['6281200000002', '+62999999999'] },
        data: {
          numbers: [
            { number: '6281200000002', exists: true, jid: BOB.jid, lid: BOB.lid },
            { number: '62999999999', exists: false },
          ],
        },
      },
    },
    handle: async ({ params: { id }, body: { numbers } }) => queries.ask(id, 'numbers.check', { numbers }),
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/contacts/:jid', tag: 'contacts' },
    summary: 'What WhatsApp tells of a person.',
    params: PersonPath,
    data: ContactProfile,
    errors: [...QUERY_ERRORS, 'RECIPIENT_NOT_ON_WHATSAPP'],
    examples: {
      bob: {
        params: ofBob,
        data: { ...BOB, about: { text: 'At work', setAt: '2026-11-22T16:19:13.000Z' }, picture: PICTURE, business: null },
      },
    },
    handle: async ({ params: { id, jid } }) => {
      const { person, about, picture, business } = await queries.ask(id, 'contacts.profile', { jid });
      const shownAbout = about && { text: about.text, ...(about.setAt !== undefined && { setAt: iso(about.setAt) }) };
      return { ...personJson(person), about: shownAbout, picture, business };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/contacts/:jid/picture', tag: 'contacts' },
    summary: 'Where the profile picture of a person is.',
    params: PersonPath,
    query: PictureQuery,
    data: ShownPicture,
    errors: QUERY_ERRORS,
    examples: { large: { params: ofBob, query: { size: 'image' }, data: { picture: PICTURE } } },
    handle: async ({ params: { id, jid }, query: { size } }) => queries.ask(id, 'contacts.picture', { jid, size }),
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/blocks', tag: 'contacts' },
    summary: 'Whom the account has blocked.',
    params: SessionPath,
    data: Blocks,
    errors: QUERY_ERRORS,
    examples: { one: { params: { id: 'alice' }, data: { blocked: [BOB] } } },
    handle: async ({ params: { id } }) => {
      const { blocked } = await queries.ask(id, 'blocks.list', {});
      return { blocked: blocked.map(personJson) };
    },
  }),
  ...([true, false] as const).map((blocked) =>
    endpoint({
      ...{ method: blocked ? 'put' : 'delete', path: '/session/:id/blocks/:jid', tag: 'contacts' },
      summary: blocked ? 'Blocks a person.' : 'Unblocks a person.',
      params: PersonPath,
      data: Block,
      errors: [...QUERY_ERRORS, 'RECIPIENT_NOT_ON_WHATSAPP', 'NOT_SUPPORTED'],
      examples: { bob: { params: ofBob, data: { ...BOB, blocked } } },
      handle: async ({ params: { id, jid } }) => {
        const { person } = await queries.ask(id, 'blocks.set', { jid, blocked });
        return { ...personJson(person), blocked };
      },
    }),
  ),
];
