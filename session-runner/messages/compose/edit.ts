import type { Referenced } from '../../../shared/domain/outgoing.js';
import { proto } from '../../baileys.js';
import type { Compose } from './composing.js';
import { contextOf } from './context.js';
import { contentOf } from './referred-content.js';
import { keyOf, targetOf } from './target.js';

/** Contents whose words are a caption. */
const CAPTIONED = ['imageMessage', 'videoMessage', 'documentMessage'] as const;

export const composeEdit: Compose<'edit'> = (content, composing) => {
  const target = targetOf(composing);
  const context = contextOf(content, composing);
  return {
    message: {
      protocolMessage: {
        key: keyOf(target, composing.to),
        type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
        editedMessage: captioned(target, content.text, context) ?? { extendedTextMessage: { text: content.text, ...context } },
        timestampMs: composing.createdAt,
      },
    },
    attributes: { edit: '1' },
  };
};

const captioned = (target: Referenced, caption: string, context: ReturnType<typeof contextOf>): proto.IMessage | undefined => {
  const content = contentOf(target);
  const kind = CAPTIONED.find((name) => content[name]);
  return kind && { [kind]: { ...content[kind], caption, contextInfo: context.contextInfo } };
};
