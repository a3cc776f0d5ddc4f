import type { z } from 'zod';

export interface QuerySchema {
  params: z.ZodType;
  result: z.ZodType;
  /** Time for WhatsApp's answer, in milliseconds; below Baileys' own minute, after which it answers with nothing. */
  deadlineMs: number;
  /** Doing it twice does harm: without an answer its outcome is unknown. */
  once?: true;
}
