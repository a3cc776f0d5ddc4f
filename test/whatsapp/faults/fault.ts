import { z } from 'zod';

const number = z.string().regex(/^\d{7,15}$/);

/** Which connections a fault or a command concerns; what is left out matches all. */
export const targetSchema = z.strictObject({
  number: number.optional(),
  /** Device number of a linked device. */
  device: z.int().min(1).max(98).optional(),
  connId: z.int().positive().optional(),
});

/** What a stanza must be like; what is left out matches all, null means "has no such attribute". `jid` matches from, to, participant or recipient. */
const stanzaMatchSchema = z.strictObject({
  tag: z.string().optional(),
  class: z.string().nullable().optional(),
  type: z.string().nullable().optional(),
  id: z.string().optional(),
  xmlns: z.string().optional(),
  jid: z.string().optional(),
  /** The tag of the first child. */
  child: z.string().optional(),
});

const times = {
  /** How often it strikes before it clears itself; without it, until cleared. */
  count: z.int().positive().optional(),
};

/** Faults by kind. Directions are the server's: `in` comes from the client, `out` goes to it. Times are milliseconds. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** Answers the websocket upgrade with an HTTP status. */
  z.strictObject({ kind: z.literal('refuse-connect'), status: z.int().min(400).max(599).default(503), ...times }),
  /** Answers a login or registration with `<failure reason>`, or `<stream:error code>`. */
  z.strictObject({
    kind: z.literal('refuse-login'),
    reason: z.int().min(400).max(599),
    as: z.enum(['failure', 'stream-error']).default('failure'),
    target: targetSchema.default({}),
    ...times,
  }),
  /** Does something to single stanzas. */
  z.strictObject({
    kind: z.literal('stanza'),
    direction: z.enum(['in', 'out']),
    match: stanzaMatchSchema.default({}),
    action: z.enum(['swallow', 'delay', 'duplicate', 'corrupt']),
    delayMs: z.int().min(1).max(600_000).optional(),
    target: targetSchema.default({}),
    ...times,
  }),
  /** Neither reads nor writes while TCP stays open; what is held back goes through when cleared. */
  z.strictObject({ kind: z.literal('freeze'), target: targetSchema.default({}) }),
  /** Asks for a passkey instead of completing a pairing. */
  z.strictObject({ kind: z.literal('passkey'), number: number.optional(), ...times }),
  /** Hands out fewer QR references, or lets each be scanned for a shorter time and then ends the connection. */
  z.strictObject({ kind: z.literal('qr'), refs: z.int().min(1).max(6).optional(), lifetimeMs: z.int().min(1).optional(), ...times }),
  /** Refuses messages with an error in their acknowledgement, e.g. 463 for the reach-out limit, 479 for a stanza that is not right. */
  z.strictObject({
    kind: z.literal('refuse-message'),
    error: z.int().min(400).max(599),
    /** Only messages to this number or group. */
    to: z.string().optional(),
    target: targetSchema.default({}),
    ...times,
  }),
  /** Answers queries like these with an error: 429 for too many, 500 for a server that fails. */
  z.strictObject({
    kind: z.literal('refuse-query'),
    error: z.int().min(400).max(599),
    match: stanzaMatchSchema.default({}),
    target: targetSchema.default({}),
    ...times,
  }),
  /** Does something to single transfers of media. */
  z.strictObject({
    kind: z.literal('media'),
    on: z.enum(['upload', 'download']),
    /** Only this part of the path: image (stickers too), video, audio, document. */
    type: z.string().optional(),
    effect: z.enum(['status', 'slow', 'cut', 'corrupt']),
    /** Of `status`: 503 for uploads, 410 for downloads. */
    status: z.int().min(400).max(599).optional(),
    /** Of `slow`. */
    bytesPerSecond: z.int().min(1).optional(),
    /** Of `cut`. */
    afterBytes: z.int().min(0).optional(),
    ...times,
  }),
]);

export type Target = z.infer<typeof targetSchema>;
export type StanzaMatch = z.infer<typeof stanzaMatchSchema>;
/** A fault with every default filled in. */
export type Fault = z.infer<typeof faultSchema>;
/** A fault as one may write it. */
export type FaultInput = z.input<typeof faultSchema>;
export type FaultKind = Fault['kind'];
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

/** A fault in force. */
export type StandingFault = Fault & { readonly id: number; readonly hits: number };
