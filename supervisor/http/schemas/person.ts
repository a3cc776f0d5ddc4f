// People and groups as clients name them, and as they are shown.
import { z } from 'zod';
import { isGroup, phoneNumberOf, SessionId, toRecipientJid } from '../../../shared/domain/ids.js';
import type { Person } from '../../../shared/ipc/queries/person.js';
import { recipient, string } from './fields.js';

const HOW_TO_NAME = 'a phone number with its country code, digits only, or an address ending in @s.whatsapp.net or @lid';

/** Any form of a person's address, as the jid WhatsApp uses. */
export const person = (name: string) =>
  string(name)
    .transform((input, context) => {
      const jid = toRecipientJid(input);
      if (jid !== undefined && !isGroup(jid)) return jid;
      context.addIssue({ code: 'custom', message: `${name} must be ${HOW_TO_NAME}` });
      return z.NEVER;
    })
    .meta({ description: `${HOW_TO_NAME.charAt(0).toUpperCase()}${HOW_TO_NAME.slice(1)}.` });

export const people = (name: string, most: number) =>
  z
    .array(person(name), { error: `${name} must be a list` })
    .min(1, `${name} must not be empty`)
    .max(most, `${name} must be at most ${most}`);

const group = string('gid').refine((jid) => toRecipientJid(jid) === jid && isGroup(jid), 'gid must be an address ending in @g.us');

export const PersonPath = z.object({ id: SessionId, jid: person('jid') });
/** A person or a group. */
export const ChatPath = z.object({ id: SessionId, jid: recipient('jid') });
export const GroupPath = z.object({ id: SessionId, gid: group });

/** Of answers: `jid` is the phone-number jid when that is known, else the LID. */
export const ShownPerson = z.object({ jid: z.string(), lid: z.string().optional(), phoneNumber: z.string().optional() });

export const personJson = ({ jid, lid }: Person): z.input<typeof ShownPerson> => {
  const phoneNumber = phoneNumberOf(jid);
  return { jid, ...(lid !== undefined && { lid }), ...(phoneNumber !== undefined && { phoneNumber }) };
};
