import { MOST_OFTEN_FORWARDED } from '../../../shared/domain/message.js';
import type { Compose } from './composing.js';
import { contentOf } from './referred-content.js';
import { targetOf } from './target.js';

/** What the other message said, without what was around it there: who was mentioned, what it answered. */
export const composeForward: Compose<'forward'> = (_content, composing) => {
  const target = targetOf(composing);
  const contextInfo = { isForwarded: true, forwardingScore: Math.min((target.forwarded ?? 0) + 1, MOST_OFTEN_FORWARDED) };
  const { conversation, ...content } = contentOf(target);
  if (typeof conversation === 'string') return { message: { extendedTextMessage: { text: conversation, contextInfo } } };
  const isPoll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3;
  return {
    message: Object.fromEntries(
      Object.entries(content).map(([kind, inner]: [string, unknown]) => [kind, { ...(inner as object), contextInfo }]),
    ),
    ...(isPoll && { nodes: [{ tag: 'meta', attrs: { polltype: 'creation' } }] }),
  };
};
