import { z } from 'zod';
import { count } from './fields.js';

/** Of lists that come by pages. */
export const PageQuery = z.object({ limit: count('limit', 1, 500, 50), offset: count('offset', 0, 1_000_000_000, 0) });

export const Pagination = z.object({ total: z.int(), limit: z.int(), offset: z.int() });
