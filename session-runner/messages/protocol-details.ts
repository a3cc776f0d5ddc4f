import { proto } from '../baileys.js';
import { wholeNumber } from './bounded.js';
import { said, type Described } from './described.js';

const { Type } = proto.Message.ProtocolMessage;

/** What a message says that steers others: edits one, revokes one, or tells of the chat itself, as a notice `system.…`. */
export const describeProtocol = (
  { type, editedMessage, ephemeralExpiration }: proto.Message.IProtocolMessage,
  target: { messageId?: string | undefined },
  textOf: (message: proto.IMessage | null | undefined) => string | null,
): Described => {
  switch (type) {
    case Type.MESSAGE_EDIT:
      return { type: 'edit', content: textOf(editedMessage), details: target };
    case Type.REVOKE:
      return { type: 'revoke', content: null, details: target };
    case Type.EPHEMERAL_SETTING:
      return { type: 'system.ephemeral_setting', content: null, details: said({ seconds: wholeNumber(ephemeralExpiration) ?? 0 }) };
    default: {
      const name = typeof type === 'number' ? Type[type] : undefined;
      return { type: name === undefined ? 'protocol' : `system.${name.toLowerCase()}`, content: null };
    }
  }
};
