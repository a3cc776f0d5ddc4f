import { z } from 'zod';
import { LONGEST_ABOUT, LONGEST_NAME } from '../../../shared/ipc/queries/profile-queries.js';
import { SessionId } from '../../../shared/domain/ids.js';
import { object, string, Time } from './fields.js';
import { person, ShownPerson } from './person.js';
import { jpeg } from './picture.js';

export const ChangeProfile = object({
  name: string('name').min(1, 'name must not be empty').max(LONGEST_NAME, `name must be at most ${LONGEST_NAME} characters`).optional(),
  about: string('about').max(LONGEST_ABOUT, `about must be at most ${LONGEST_ABOUT} characters`).optional(),
  /** Null takes it away. */
  picture: jpeg('picture').nullable().optional(),
});
/** What was changed, in this order. */
export const Changed = z.object({ changed: z.array(z.string()) });

export const SetPresence = object({
  presence: z.enum(['available', 'unavailable'], { error: 'presence must be available or unavailable' }),
});
export const FollowPresence = object({ to: person('to') });
export const Followed = z.object({ to: z.string() });

const heard = {
  state: z.enum(['available', 'unavailable', 'composing', 'recording']),
  /** Unless they hide it. */
  lastSeen: Time.nullable(),
  at: Time,
};

/** What was heard last, of each person in the chat; nobody until WhatsApp told something. */
export const Presences = z.object({
  presences: z.array(z.object({ jid: z.string(), ...heard })),
});

/** What a stream of events tells of it. */
export const PresenceEvent = z.object({
  ...{ sessionId: SessionId, type: z.literal('presence'), chat: z.string() },
  ...{ ...ShownPerson.shape, ...heard },
});
