// What a message says beside its text, by type: the one table that decoding, clients' documentation and tests go by.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const jid = z.string();
/** What the sender did not say, or said in a way that makes no sense, is left out. */
const target = z.object({ messageId: z.string().optional() });

const file = z.object({
  mimetype: z.string().optional(),
  /** Of the file, decrypted. */
  bytes: count.optional(),
  /** SHA-256 of the file, decrypted, in hex. */
  sha256: z.string().optional(),
});
const pictured = { width: count.optional(), height: count.optional() };
/** Base64 of a small JPEG; larger ones are left out. */
const thumbnail = { thumbnail: z.string().optional() };
const seconds = { seconds: count.optional() };

const contact = z.object({
  name: z.string(),
  vcard: z.string().optional(),
  /** With a plus sign when the card names a WhatsApp number, else as the card has them. */
  phones: z.array(z.string()),
});

const location = z.object({
  /** Degrees. */
  latitude: z.number().optional(),
  longitude: z.number().optional(),
  name: z.string().optional(),
  address: z.string().optional(),
  url: z.string().optional(),
  /** Metres. */
  accuracy: z.number().optional(),
  /** Metres per second. */
  speed: z.number().optional(),
  /** Degrees clockwise from north. */
  heading: z.number().optional(),
  /** True while somebody shares where they go. */
  live: z.boolean(),
  /** Of a live location: rises with each place told. */
  sequence: count.optional(),
});

/** Whom a notice in a group is about, by the identities that WhatsApp told; who did it is the message's `from`. */
const participants = z.object({ participants: z.array(z.object({ jid, lid: jid.optional() })) });

/** By the type of the message. A type that is not here has no details. */
export const MESSAGE_DETAILS = {
  image: file.extend({ ...pictured, ...thumbnail, viewOnce: z.boolean() }),
  /** `animated`: shown without sound, over and over. `note`: a round video note. */
  video: file.extend({ ...pictured, ...seconds, ...thumbnail, animated: z.boolean(), note: z.boolean(), viewOnce: z.boolean() }),
  /** `voice`: spoken into the phone, not a file of music. */
  audio: file.extend({ ...seconds, voice: z.boolean(), viewOnce: z.boolean() }),
  document: file.extend({ fileName: z.string().optional(), pages: count.optional(), ...thumbnail }),
  sticker: file.extend({ ...pictured, animated: z.boolean() }),
  location,
  contacts: z.object({ contacts: z.array(contact) }),
  /** `selectable`: how many options one may choose; 0 for any number. */
  poll: z.object({ question: z.string(), options: z.array(z.string()), selectable: count }),
  /** `options` are those chosen now, perhaps none; without it the poll is not known here, or the vote could not be opened. */
  pollVote: z.object({ pollId: z.string().optional(), options: z.array(z.string()).optional() }),
  /** An empty `emoji` takes the reaction back. */
  reaction: target.extend({ emoji: z.string() }),
  edit: target,
  revoke: target,
  pin: target.extend({ pinned: z.boolean() }),
  keep: target.extend({ kept: z.boolean() }),
  comment: target,
  /** Times in ISO 8601, UTC. */
  event: z.object({
    name: z.string().optional(),
    description: z.string().optional(),
    startsAt: z.string().optional(),
    endsAt: z.string().optional(),
    joinLink: z.string().optional(),
    canceled: z.boolean(),
    location: location.optional(),
  }),
  /** Whether they come is encrypted for the event's author. */
  eventResponse: target,
  groupInvite: z.object({
    group: jid.optional(),
    code: z.string().optional(),
    name: z.string().optional(),
    expiresAt: z.string().optional(),
  }),
  /** Of buttons, a list or a form of a business: `id` is the sender's name of what was chosen, `params` the JSON text of a form. */
  choice: z.object({ id: z.string().optional(), params: z.string().optional() }),
  album: z.object({ images: count, videos: count }),
  callLog: z.object({ video: z.boolean(), ...seconds }),
  /** How long messages of this chat stay from now on; 0: for ever. */
  'system.ephemeral_setting': z.object({ ...seconds }),
  'system.group_create': z.object({ subject: z.string().optional() }),
  'system.group_change_subject': z.object({ subject: z.string().optional() }),
  /** Without one it was removed. */
  'system.group_change_description': z.object({ description: z.string().optional() }),
  /** Without one the picture was removed. */
  'system.group_change_icon': z.object({ pictureId: z.string().optional() }),
  /** Only admins write. */
  'system.group_change_announce': z.object({ announce: z.boolean() }),
  /** Only admins change subject, description and picture. */
  'system.group_change_restrict': z.object({ locked: z.boolean() }),
  'system.group_member_add_mode': z.object({ memberAdd: z.enum(['admins', 'all']) }),
  'system.group_membership_join_approval_mode': z.object({ joinApproval: z.boolean() }),
  /** `request`: `created`, `revoked` by who asked, or `rejected`. */
  'system.group_membership_join_approval_request_non_admin_add': participants.extend({ request: z.string().optional() }),
  'system.group_participant_add': participants,
  'system.group_participant_remove': participants,
  'system.group_participant_leave': participants,
  'system.group_participant_promote': participants,
  'system.group_participant_demote': participants,
  'system.group_participant_change_number': participants,
} as const;

export type DetailedType = keyof typeof MESSAGE_DETAILS;
export type DetailsOf<Type extends DetailedType> = z.infer<(typeof MESSAGE_DETAILS)[Type]>;

/** The message that this one answers. `content` is its text, shortened. */
export const Quoted = z.object({
  messageId: z.string(),
  from: jid.optional(),
  type: z.string().optional(),
  content: z.string().nullable(),
});
export type Quoted = z.infer<typeof Quoted>;
