import type { Compose } from './composing.js';
import { keyOf, targetOf } from './target.js';

export const composeReaction: Compose<'reaction'> = ({ emoji }, composing) => ({
  message: { reactionMessage: { key: keyOf(targetOf(composing), composing.to), text: emoji, senderTimestampMs: composing.createdAt } },
});
