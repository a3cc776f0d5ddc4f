import { z } from 'zod';
import { Amount } from './fields.js';

export const Storage = z
  .object({
    mode: z.enum(['local', 'object-store']),
    state: z.enum(['ok', 'degraded', 'restoring', 'failing']),
    lagMs: Amount.meta({ description: 'Age of the oldest change that the object store does not have.' }),
    changesWaiting: z.int(),
    sessionsDirty: z.int(),
    mediaWaiting: z.int(),
    sentence: z.string().nullable().meta({ description: 'What is wrong and what to do.' }),
  })
  .meta({ id: 'Storage' });

export const EXAMPLE_STORAGE = {
  ...{ mode: 'local', state: 'ok', lagMs: 0, changesWaiting: 0, sessionsDirty: 0, mediaWaiting: 0, sentence: null },
} as const satisfies z.input<typeof Storage>;
