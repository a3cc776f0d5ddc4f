import { z } from 'zod';
import { SessionId } from '../../../shared/domain/ids.js';
import { Reason } from '../../../shared/domain/session.js';
import { object, Time } from './fields.js';
import { Pagination } from './page.js';
import { SessionStatus } from './session.js';

const REPLAYED_AT_ONCE = 10_000;
const ids = `ids must be 1 to ${REPLAYED_AT_ONCE} whole numbers`;
export const ReplayReports = object({
  ids: z
    .array(z.int({ error: ids }).nonnegative(ids), { error: ids })
    .min(1, ids)
    .max(REPLAYED_AT_ONCE, ids)
    .optional(),
});

export const DeadReports = z.object({
  reports: z.array(
    z.object({
      ...{ id: z.int(), sessionId: SessionId, status: SessionStatus, seq: z.int(), reason: Reason, at: Time },
      httpStatus: z.int().meta({ description: 'What the backend answered.' }),
      error: z.string(),
      diedAt: Time,
    }),
  ),
  pagination: Pagination,
});
export const ReplayedReports = z.object({ replayed: z.int() });
