import type { Compose } from './composing.js';
import { contextOf } from './context.js';

/** As it was written: without a preview, for which somebody would have to fetch what the text links to. */
export const composeText: Compose<'text'> = (content, composing) => ({
  message: { extendedTextMessage: { text: content.text, ...contextOf(content, composing) } },
});
