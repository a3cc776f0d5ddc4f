import { z } from 'zod';
import { SessionId } from '../../../shared/domain/ids.js';
import { Time } from './fields.js';
import { Pagination } from './page.js';

export const DeadWebhooks = z.object({
  webhooks: z.array(
    z.object({
      ...{ id: z.int(), sessionId: SessionId, createdAt: Time },
      seq: z.int().meta({ description: 'Number of the event.' }),
      type: z.string(),
      httpStatus: z.int().meta({ description: 'What the consumer answered; 0 when it did not.' }),
      error: z.string(),
      diedAt: Time,
    }),
  ),
  pagination: Pagination,
});
