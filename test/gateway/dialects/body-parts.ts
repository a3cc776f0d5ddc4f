// Parts of the bodies that both dialects know.
import { z } from 'zod';

export const ENVIRONMENTS = ['DEVELOPMENT', 'STAGING', 'TESTING', 'PRODUCTION'] as const;

export const WorkerName = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 characters of A-Z a-z 0-9 _ -');
export const SessionName = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 characters of A-Z a-z 0-9 _ -');

/** Kept without the slash at its end, so that one address has one spelling. */
export const Endpoint = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'must be an http or https URL')
  .transform((text) => text.replace(/\/+$/, ''));

export const PhoneNumber = z.string().regex(/^\+?[1-9]\d{1,14}$/, 'must be a number with its country code, such as +6281234567890');
export const Timestamp = z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601' });
export const Percent = z.number().min(0).max(100);
export const Count = z.int().min(0);
