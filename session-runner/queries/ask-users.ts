import { withoutDevice } from '../../shared/domain/ids.js';
import { getBinaryNodeChild, getBinaryNodeChildren, type BinaryNode, type WASocket } from '../baileys.js';

/** Whom to ask about: a number, digits only, or a jid. */
type User = { number: string } | { jid: string };

export interface UserAnswer {
  /** As WhatsApp writes it, which for some countries is not the number that was asked. */
  jid: string;
  node: BinaryNode;
}

/** One query about many users; `parts` are what is asked of each. The answers come in the order of `users`; undefined where there is none. */
export const askUsers = async (
  sock: WASocket,
  parts: readonly ('contact' | 'lid' | 'status')[],
  users: readonly User[],
): Promise<(UserAnswer | undefined)[]> => {
  const result = (await sock.query({
    tag: 'iq',
    attrs: { to: 's.whatsapp.net', type: 'get', xmlns: 'usync' },
    content: [
      {
        tag: 'usync',
        attrs: { context: 'interactive', mode: 'query', sid: sock.generateMessageTag(), last: 'true', index: '0' },
        content: [
          { tag: 'query', attrs: {}, content: parts.map((tag) => ({ tag, attrs: {} })) },
          { tag: 'list', attrs: {}, content: users.map(userNode) },
        ],
      },
    ],
  })) as BinaryNode;
  const answers = getBinaryNodeChildren(getBinaryNodeChild(getBinaryNodeChild(result, 'usync'), 'list'), 'user');
  const byName = new Map<string, UserAnswer>();
  for (const node of answers) {
    const answer = { jid: withoutDevice(node.attrs['jid'] ?? ''), node };
    byName.set(answer.jid, answer);
    // The number as it was asked, where WhatsApp says so.
    const asked = textOf(getBinaryNodeChild(node, 'contact')).replace(/\D/g, '');
    if (asked !== '') byName.set(`${asked}@s.whatsapp.net`, answer);
  }
  return users.map((user) => byName.get('jid' in user ? user.jid : `${user.number}@s.whatsapp.net`));
};

const userNode = (user: User): BinaryNode =>
  'jid' in user
    ? { tag: 'user', attrs: { jid: user.jid } }
    : { tag: 'user', attrs: {}, content: [{ tag: 'contact', attrs: {}, content: `+${user.number}` }] };

/** What a node says in plain text. */
export const textOf = (node: BinaryNode | undefined): string => {
  const { content } = node ?? {};
  return typeof content === 'string' ? content : content instanceof Uint8Array ? Buffer.from(content).toString() : '';
};
