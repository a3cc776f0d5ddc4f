import { z } from 'zod';

/** A person by the identities that are known: `jid` is the phone-number jid when that is known, else the LID; `lid` is the LID. Without device. */
export const Person = z.object({ jid: z.string(), lid: z.string().optional() });
export type Person = z.infer<typeof Person>;

/** The jid of a person, as `toRecipientJid` gives it. */
export const PersonJid = z.string().regex(/@(s\.whatsapp\.net|lid)$/);
