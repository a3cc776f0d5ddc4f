import { proto } from '../../baileys.js';
import type { Compose } from './composing.js';
import { keyOf, targetOf } from './target.js';

const { Type } = proto.Message.PinInChatMessage;

export const composePin: Compose<'pin'> = ({ pinned, seconds }, composing) => ({
  message: {
    pinInChatMessage: {
      key: keyOf(targetOf(composing), composing.to),
      type: pinned ? Type.PIN_FOR_ALL : Type.UNPIN_FOR_ALL,
      senderTimestampMs: composing.createdAt,
    },
    messageContextInfo: { messageAddOnDurationInSecs: pinned ? seconds : 0 },
  },
  attributes: { edit: '2' },
});
