import type { ErrorCode } from '../../../shared/errors.js';

/** What every question to WhatsApp through a session can end in. */
export const QUERY_ERRORS = [
  ...(['SESSION_NOT_FOUND', 'SESSION_NOT_CONNECTED', 'SESSION_LOGGED_OUT', 'NOT_PERMITTED', 'NOT_FOUND', 'CONFLICT'] as const),
  ...(['WHATSAPP_REFUSED', 'RATE_LIMITED', 'WHATSAPP_UNAVAILABLE', 'BUSY', 'RUNNER_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const),
] as const satisfies readonly ErrorCode[];

/** About a group that exists, for who is in it. */
export const GROUP_ERRORS = [...QUERY_ERRORS, 'GROUP_NOT_FOUND', 'NOT_GROUP_MEMBER'] as const satisfies readonly ErrorCode[];
/** What only admins may do. */
export const ADMIN_ERRORS = [...GROUP_ERRORS, 'NOT_GROUP_ADMIN'] as const satisfies readonly ErrorCode[];
