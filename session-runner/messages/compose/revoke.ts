import { isGroup } from '../../../shared/domain/ids.js';
import { proto } from '../../baileys.js';
import type { Compose } from './composing.js';
import { keyOf, targetOf } from './target.js';

export const composeRevoke: Compose<'revoke'> = (_content, composing) => {
  const target = targetOf(composing);
  return {
    message: { protocolMessage: { key: keyOf(target, composing.to), type: proto.Message.ProtocolMessage.Type.REVOKE } },
    // 8: by an admin of the group, who did not write it.
    attributes: { edit: isGroup(composing.to) && !target.fromMe ? '8' : '7' },
  };
};
