import type { DetailsOf } from '../../shared/domain/message-details.js';
import type { proto } from '../baileys.js';
import { atMost, shortText } from './bounded.js';

type Contact = DetailsOf<'contacts'>['contacts'][number];

const LONGEST_CARD = 16_000;
const MOST_CONTACTS = 257;
const MOST_PHONES = 20;
const LONGEST_PHONE = 40;
/** `item1.TEL;waid=6281234567890;type=CELL:+62 812-3456-7890` */
const TELEPHONE = /^(?:[\w-]{1,40}\.)?TEL([^:\r\n]*):(?:tel:)?([^\r\n]+)/gim;
const WHATSAPP_NUMBER = /;waid=(\d{5,20})(?:;|$)/i;

export const contactsOf = (cards: readonly proto.Message.IContactMessage[] | null | undefined): Contact[] =>
  atMost(cards, MOST_CONTACTS).map(({ displayName, vcard }) => {
    const card = shortText(vcard, LONGEST_CARD);
    return { name: shortText(displayName) ?? '', ...(card !== undefined && { vcard: card }), phones: phonesIn(card ?? '') };
  });

const phonesIn = (card: string): string[] =>
  [...card.matchAll(TELEPHONE)].slice(0, MOST_PHONES).flatMap(([, parameters = '', written = '']) => {
    const known = WHATSAPP_NUMBER.exec(parameters)?.[1];
    return known === undefined ? (shortText(written.trim(), LONGEST_PHONE) ?? []) : `+${known}`;
  });
