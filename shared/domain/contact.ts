import { z } from 'zod';

/** What WhatsApp or the phone told of a person or a group; what is missing was not told. Jids carry no device. */
export const Contact = z.object({
  jid: z.string(),
  /** The same person's LID, when `jid` is their number. */
  lid: z.string().optional(),
  /** As the account's owner calls them; of a group its subject. */
  name: z.string().optional(),
  /** As they call themselves. */
  pushName: z.string().optional(),
  /** Of a business, as WhatsApp verified it. */
  verifiedName: z.string().optional(),
});
export type Contact = z.infer<typeof Contact>;

/** Characters of a name that are kept. */
export const LONGEST_NAME = 256;
