import { isGroup, isLid } from '../../shared/domain/ids.js';
import type { CheckedNumber, CONTACT_QUERIES, Picture, Profile } from '../../shared/ipc/queries/contact-queries.js';
import { AppError } from '../../shared/errors.js';
import { getBinaryNodeChild, type BinaryNode, type WASocket } from '../baileys.js';
import { askUsers, textOf, type UserAnswer } from './ask-users.js';
import { knownPerson, personOf, wholePerson } from './people.js';
import type { QueryHandlers } from './query-scope.js';

export const CONTACT_HANDLERS: QueryHandlers<keyof typeof CONTACT_QUERIES> = {
  'numbers.check': async ({ numbers }, { sock }) => {
    const asked = [...new Set(numbers)];
    const answers = await askUsers(
      sock,
      ['contact', 'lid'],
      asked.map((number) => ({ number })),
    );
    const byNumber = new Map(asked.map((number, index) => [number, checked(number, answers[index])]));
    return { numbers: numbers.map((number) => byNumber.get(number) ?? { number, exists: false }) };
  },

  'contacts.profile': async ({ jid }, { sock }) => {
    const person = await wholePerson(sock, jid);
    const [[user], picture, business] = await Promise.all([
      askUsers(sock, isLid(jid) ? ['status'] : ['contact', 'status'], [{ jid: person.jid }]),
      pictureOf(sock, person.jid, 'preview'),
      businessOf(sock, person.jid),
    ]);
    if (user && getBinaryNodeChild(user.node, 'contact')?.attrs['type'] === 'out') throw notOnWhatsApp();
    return { person, about: aboutOf(user), picture, business };
  },

  'contacts.picture': async ({ jid, size }, { sock }) => ({ picture: await pictureOf(sock, jid, size) }),

  'blocks.list': async (_params, { sock }) => {
    const blocked = await sock.fetchBlocklist();
    return { blocked: await Promise.all(blocked.flatMap((jid) => (jid === undefined ? [] : [knownPerson(sock, jid)]))) };
  },

  'blocks.set': async ({ jid, blocked }, { sock }) => {
    const person = await wholePerson(sock, jid);
    if (!isLid(person.jid) && person.lid === undefined) throw notOnWhatsApp();
    // To block takes the number, too; who is known by LID alone never wrote to this account, nor got anything from it.
    if (blocked && isLid(person.jid))
      throw new AppError('NOT_SUPPORTED', 'The phone number of this person is not known; block it by number.');
    await sock.updateBlockStatus(person.jid, blocked ? 'block' : 'unblock');
    return { person };
  },
};

const notOnWhatsApp = (): AppError => new AppError('RECIPIENT_NOT_ON_WHATSAPP', 'This number is not on WhatsApp.');

const checked = (number: string, answer: UserAnswer | undefined): CheckedNumber => {
  if (!answer || getBinaryNodeChild(answer.node, 'contact')?.attrs['type'] !== 'in') return { number, exists: false };
  const { jid, lid } = personOf(answer.jid, getBinaryNodeChild(answer.node, 'lid')?.attrs['val']);
  return { number, exists: true, jid, ...(lid !== undefined && { lid }) };
};

const aboutOf = (user: UserAnswer | undefined): Profile['about'] => {
  const status = user && getBinaryNodeChild(user.node, 'status');
  const text = textOf(status);
  const setAt = Number(status?.attrs['t'] ?? 0) * 1000;
  return text === '' ? null : { text, ...(Number.isSafeInteger(setAt) && setAt > 0 && { setAt }) };
};

/** Null when there is none, or not for this account. */
const pictureOf = async (sock: WASocket, target: string, type: 'preview' | 'image'): Promise<Picture | null> => {
  const content = isGroup(target) ? undefined : await trustOf(sock, target);
  const result = (await orNothing(
    sock.query({
      tag: 'iq',
      attrs: { target, to: 's.whatsapp.net', type: 'get', xmlns: 'w:profile:picture' },
      content: [{ tag: 'picture', attrs: { type, query: 'url' }, ...(content && { content }) }],
    }),
  )) as BinaryNode | undefined;
  const { id, url } = getBinaryNodeChild(result, 'picture')?.attrs ?? {};
  return id !== undefined && url !== undefined ? { id, url } : null;
};

/** What a person gave this account to show that they know each other; without it they may show no picture. */
const trustOf = async (sock: WASocket, jid: string): Promise<BinaryNode[] | undefined> => {
  const { jid: name, lid = name } = await wholePerson(sock, jid);
  const { [lid]: entry } = await sock.authState.keys.get('tctoken', [lid]);
  const { token, timestamp } = entry ?? {};
  return token && token.length > 0 && timestamp !== undefined ? [{ tag: 'tctoken', attrs: { t: timestamp }, content: token }] : undefined;
};

const businessOf = async (sock: WASocket, jid: string): Promise<Profile['business']> => {
  const profile = await orNothing(sock.getBusinessProfile(jid));
  if (!profile) return null;
  const { description, category, address, email, website } = profile;
  return {
    ...(description !== '' && { description }),
    ...(category !== undefined && { category }),
    ...(address !== undefined && { address }),
    ...(email !== undefined && { email }),
    websites: website,
  };
};

/** What WhatsApp answers about something that is not there, or is not shown to this account. */
const ABSENT: ReadonlySet<unknown> = new Set([401, 403, 404]);

const orNothing = async <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: unknown) => {
    if (ABSENT.has((error as { data?: unknown } | undefined)?.data)) return undefined;
    throw error;
  });
