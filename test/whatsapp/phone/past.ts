import { z } from 'zod';

const chatName = z.string().regex(/^([1-9]\d{6,14}|[\d-]{5,40}@g\.us)$/, 'a chat is a number or the address of a group');

const pastMessage = z.strictObject({
  text: z.string().min(1).max(65_536),
  fromMe: z.boolean().default(false),
  /** In a group: the number of its author. */
  sender: z.string().optional(),
  /** Seconds since the epoch; one minute before the next message unless said. */
  at: z.int().min(0).optional(),
});

const MAX_GENERATED = 20_000;

/** Chats a phone had before anything here happened, oldest message first; a number makes up so many messages. */
export const pastSchema = z.strictObject({
  chats: z
    .array(
      z.strictObject({
        with: chatName,
        name: z.string().max(128).optional(),
        messages: z.union([z.int().min(0).max(MAX_GENERATED), z.array(pastMessage).max(MAX_GENERATED)]),
        unread: z.int().min(0).optional(),
        archived: z.boolean().optional(),
        pinned: z.boolean().optional(),
      }),
    )
    .max(2_000),
});

/** A past as one may write it. */
export type PastInput = z.input<typeof pastSchema>;
export type Past = z.output<typeof pastSchema>;

/** One message of a past. */
interface PastMessage {
  readonly id: string;
  readonly text: string;
  readonly fromMe: boolean;
  readonly sender: string | undefined;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** A chat of a past with all its messages, oldest first. */
export interface PastChat {
  readonly chat: string;
  readonly name: string | undefined;
  readonly unread: number;
  readonly archived: boolean;
  readonly pinned: boolean;
  readonly messages: readonly PastMessage[];
}

const MINUTE_S = 60;

/** Spells out what a past leaves to be made up; the same past gives the same messages. `now` is in seconds since the epoch. */
export function spellOut(past: Past, now: number): PastChat[] {
  return past.chats.map(({ with: chat, name, messages, unread = 0, archived = false, pinned = false }) => {
    const given = typeof messages === 'number' ? Array.from({ length: messages }, (_, index) => madeUp(index)) : messages;
    const spelled = given.map(({ text, fromMe, sender, at }, index) => ({
      id: `PAST-${chat.replace(/\D/g, '')}-${index + 1}`,
      text,
      fromMe,
      sender,
      at: at ?? now - (given.length - index) * MINUTE_S,
    }));
    return { chat, name, unread, archived, pinned, messages: spelled };
  });
}

function madeUp(index: number): z.output<typeof pastMessage> {
  return { text: `message ${index + 1} of long ago`, fromMe: index % 2 === 1 };
}
