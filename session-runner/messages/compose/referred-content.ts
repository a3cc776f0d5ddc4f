import type { Referenced } from '../../../shared/domain/outgoing.js';
import { proto } from '../../baileys.js';
import { unwrapContent } from '../unwrap-content.js';

const CARRIERS: ReadonlySet<string> = new Set(['messageContextInfo', 'senderKeyDistributionMessage']);

/** What a message of history says, without its wrappers, its secrets, and the context it was said in. */
export const contentOf = ({ text, raw }: Referenced): proto.IMessage => {
  if (raw === undefined) return { conversation: text ?? '' };
  const { content } = unwrapContent(proto.Message.decode(Buffer.from(raw, 'base64')));
  return Object.fromEntries(
    Object.entries(content).flatMap(([kind, inner]: [string, unknown]) => {
      if (CARRIERS.has(kind)) return [];
      return [[kind, typeof inner === 'object' ? { ...inner, contextInfo: undefined } : inner]];
    }),
  );
};
