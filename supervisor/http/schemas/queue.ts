import { z } from 'zod';
import { SessionId } from '../../../shared/domain/ids.js';
import { Amount, Time } from './fields.js';
import { Pagination } from './page.js';

const place = {
  status: z.enum(['queued', 'sending']),
  position: z.int().positive().meta({ description: '1 for the next.' }),
  estimatedAt: Time.optional().meta({ description: 'When it is probably sent; absent while the session is not connected.' }),
};

/** The answer to a send that waits. */
export const Queued = z.object({ messageId: z.string(), ...place });
export const QueuePage = z.object({
  sends: z.array(z.object({ messageId: z.string(), to: z.string(), type: z.string(), queuedAt: Time, ...place })),
  pagination: Pagination,
});
export const QueuePath = z.object({ id: SessionId, messageId: z.string().max(255, 'the message id must be at most 255 characters') });
export const CancelledSends = z.object({
  cancelled: Amount,
  left: Amount.meta({ description: 'What may have been sent already.' }),
});
