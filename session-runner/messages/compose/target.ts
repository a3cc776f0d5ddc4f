import { isGroup } from '../../../shared/domain/ids.js';
import type { Referenced } from '../../../shared/domain/outgoing.js';
import type { proto } from '../../baileys.js';
import type { Composing } from './composing.js';

/** The message that this one is about. */
export const targetOf = ({ references: { target } }: Composing): Referenced => {
  if (!target) throw new Error('the message is about another one, and that is not there');
  return target;
};

/** What WhatsApp calls that message, as its chat sees it. */
export const keyOf = ({ messageId, fromMe, from }: Referenced, to: string): proto.IMessageKey => ({
  remoteJid: to,
  fromMe,
  id: messageId,
  ...(isGroup(to) && { participant: from }),
});
