/** With a full stop unless it ends like a sentence already. */
export const fullSentence = (text: string): string => (/[.?!…]$/.test(text) ? text : `${text}.`);
