import { z } from 'zod';
import { count } from './fields.js';

/** Of lists that come by pages. */
export const PageQuery = z.object({ limit: count('limit', 1, 500, 50), offset: count('offset', 0, 1_000_000_000, 0) });

export const Pagination = z.object({ total: z.int(), limit: z.int(), offset: z.int() });

const CURSOR = 'cursor must be a nextCursor of this session';

/** @param placeOf what a cursor says, or undefined when it is none */
export const cursor = <T>(placeOf: (cursor: string) => T | undefined) =>
  z
    .string({ error: CURSOR })
    .transform((text, context) => {
      const place = placeOf(text);
      if (place !== undefined) return place;
      context.addIssue({ code: 'custom', message: CURSOR });
      return z.NEVER;
    })
    .optional()
    .meta({ description: 'The nextCursor of the page before.' });

export const nextCursor = z.string().optional().meta({ description: 'For the next page; absent on the last.' });
