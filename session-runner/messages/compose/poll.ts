import type { Compose } from './composing.js';
import { contextOf } from './context.js';

export const composePoll: Compose<'poll'> = ({ question, options, selectable }, composing) => {
  const poll = {
    name: question,
    options: options.map((optionName) => ({ optionName })),
    selectableOptionsCount: selectable,
    ...contextOf({}, composing),
  };
  return {
    // Phones know polls of a single choice by another field.
    message: selectable === 1 ? { pollCreationMessageV3: poll } : { pollCreationMessage: poll },
    nodes: [{ tag: 'meta', attrs: { polltype: 'creation' } }],
  };
};
