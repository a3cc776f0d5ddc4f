import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../../shared/errors.js';

const CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** The body of every 4xx and 5xx. */
export const Failure = z
  .object({
    success: z.literal(false),
    error: z.string().meta({ description: 'A sentence for people; it may change.' }),
    code: z.enum(CODES),
    requestId: z.string(),
    retryable: z.boolean().meta({ description: 'Whether the same request can succeed later.' }),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Failure' });
