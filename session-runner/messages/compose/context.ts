import type { Referenced } from '../../../shared/domain/outgoing.js';
import type { proto } from '../../baileys.js';
import type { Composing } from './composing.js';
import { contentOf } from './referred-content.js';

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
  quotedMessage: contentOf(quoted),
  ...(quoted.chat !== to && { remoteJid: quoted.chat }),
});
