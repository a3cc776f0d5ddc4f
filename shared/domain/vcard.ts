import type { OutgoingContact } from './outgoing.js';

/** A card of version 3.0, as phones write them: `waid` makes a number one that can be written to. */
export const vcardOf = ({ name, phones, organization, email }: OutgoingContact): string =>
  [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `N:;${escaped(name)};;;`,
    `FN:${escaped(name)}`,
    ...(organization === undefined ? [] : [`ORG:${escaped(organization)}`]),
    ...phones.map((phone) => `TEL;type=CELL;type=VOICE;waid=${phone}:+${phone}`),
    ...(email === undefined ? [] : [`EMAIL;type=INTERNET:${escaped(email)}`]),
    'END:VCARD',
  ].join('\n');

/** What would end a value or a line, or begin an escape. */
const escaped = (value: string): string => value.replace(/[\\;,]/g, '\\$&').replace(/\r\n|[\r\n\u0085\u2028\u2029]/g, '\\n');
