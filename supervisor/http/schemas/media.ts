import { z } from 'zod';
import { recipient, string } from './fields.js';
import { SessionPath } from './session.js';

export const MediaPath = SessionPath.extend({
  messageId: string('messageId').min(1).max(200, 'messageId must be at most 200 characters'),
});
/** `from`: who wrote the message, for others' ids are theirs to choose. */
export const MediaQuery = z.object({ from: recipient('from').optional() });
