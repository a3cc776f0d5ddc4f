import { z } from 'zod';

/** What was learned of when a session hears something; it goes with the session from runner to runner. */
export const Rhythm = z.object({
  /** How many live stanzas it was learned from. */
  stanzas: z.number().int().nonnegative(),
  /** The longest silence of late, in milliseconds. */
  usualMs: z.number().nonnegative(),
  /** False alarms that count: each doubles the silence that is suspicious. */
  doubt: z.number().int().nonnegative(),
  /** Times it was deaf since it last heard well for long. */
  deafInARow: z.number().int().nonnegative(),
});
export type Rhythm = z.infer<typeof Rhythm>;

export const UNKNOWN_RHYTHM: Rhythm = { stanzas: 0, usualMs: 0, doubt: 0, deafInARow: 0 };
