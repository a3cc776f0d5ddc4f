// The formats both dialects print, as schemas with a sentence each.
import { z } from 'zod';

export const isoTime = z
  .string('must be an ISO 8601 time')
  .refine(
    (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
    'must be an ISO 8601 time',
  );

export const count = z.number('must be a whole number').int('must be a whole number').min(0, 'must not be negative');

export const percent = z.number('must be a percentage').min(0, 'must be at least 0').max(100, 'must be at most 100');

export const text = z.string('must be a text').min(1, 'must not be empty');

/** With or without the `+`; no device suffix. */
export const phoneNumber = z.string('must be a phone number').regex(/^\+?[1-9]\d{5,14}$/, 'must be a phone number');

/** What every failure looks like: programs print `error`, so it is a text. */
export const failure = z.looseObject({ success: z.literal(false, 'must be false'), error: text });

export const success = z.looseObject({ success: z.literal(true, 'must be true') });
