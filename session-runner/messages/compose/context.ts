import type { Referenced } from '../../../shared/domain/outgoing.js';
import { proto } from '../../baileys.js';
import { unwrapContent } from '../unwrap-content.js';
import type { Composing } from './composing.js';

/** Who is mentioned and what is answered, as a field to spread into the content; empty when there is neither. */
export const contextOf = (
  { mentions }: { mentions?: string[] | undefined },
  { to, references: { quoted } }: Composing,
): { contextInfo?: proto.IContextInfo } => {
  if (!mentions && !quoted) return {};
  return { contextInfo: { ...(mentions && { mentionedJid: mentions }), ...(quoted && quotation(quoted, to)) } };
};

const quotation = (quoted: Referenced, to: string): proto.IContextInfo => ({
  stanzaId: quoted.messageId,
  participant: quoted.from,
  quotedMessage: quotedMessage(quoted),
  ...(quoted.chat !== to && { remoteJid: quoted.chat }),
});

/** Without what the quoted message itself quotes, and without its secrets. */
const quotedMessage = ({ text, raw }: Referenced): proto.IMessage => {
  if (raw === undefined) return { conversation: text ?? '' };
  return withoutContext(unwrapContent(proto.Message.decode(Buffer.from(raw, 'base64'))).content);
};

const withoutContext = (content: proto.IMessage): proto.IMessage =>
  Object.fromEntries(
    Object.entries(content).flatMap(([kind, inner]: [string, unknown]) => {
      if (kind === 'messageContextInfo') return [];
      return [[kind, typeof inner === 'object' ? { ...inner, contextInfo: undefined } : inner]];
    }),
  );
