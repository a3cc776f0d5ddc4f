// What a whatsam gateway accepts, as its validation was measured to be.
import { z } from 'zod';

const SESSION_STATUS = z.enum(['INIT', 'QR_REQUIRED', 'CONNECTED', 'DISCONNECTED', 'RECONNECTING', 'ERROR']);
const WORKER_ID = z.string().regex(/^[a-zA-Z0-9_-]{3,50}$/);
const SESSION_ID = z.string().regex(/^[a-zA-Z0-9_-]{1,100}$/);
const PHONE = z.string().regex(/^\+?[1-9]\d{1,14}$/);
const VERSION = z.string().regex(/^\d+\.\d+\.\d+$/);
const TIME = z.iso.datetime();
const count = () => z.int().min(0);

export const RULES = {
  register: z.strictObject({
    workerId: WORKER_ID,
    endpoint: z.url(),
    maxSessions: z.int().min(1).max(1000),
    description: z.string().min(1).max(255).optional(),
    version: VERSION,
    environment: z.enum(['DEVELOPMENT', 'STAGING', 'TESTING', 'PRODUCTION']),
  }),
  heartbeat: z.strictObject({
    sessions: z.array(
      z.strictObject({ sessionId: SESSION_ID, status: SESSION_STATUS, phoneNumber: PHONE.optional(), lastActivity: TIME.optional() }),
    ),
    metrics: z.object({
      cpuUsage: z.number().min(0).max(100),
      memoryUsage: z.number().min(0).max(100),
      uptime: count(),
      messageCount: count(),
      totalSessions: count(),
      activeSessions: count(),
    }),
    capabilities: z.strictObject({ maxSessions: z.int().min(1).max(1000), supportedFeatures: z.array(z.string()) }),
  }),
  report: z.strictObject({
    sessionId: SESSION_ID,
    status: SESSION_STATUS,
    qrCode: z.string().min(1).max(2000).optional(),
    phoneNumber: PHONE.optional(),
    displayName: z.string().trim().min(1).max(100).optional(),
    workerId: WORKER_ID,
    timestamp: TIME,
  }),
  messageStatus: z.strictObject({
    sessionId: SESSION_ID,
    messageId: z.string().regex(/^[a-zA-Z0-9_-]{1,100}$/),
    status: z.enum(['PENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED']),
    timestamp: TIME,
    deliveredAt: TIME.optional(),
    readAt: TIME.optional(),
    errorMessage: z.string().max(500).optional(),
  }),
  outcome: z.strictObject({
    recoveryResults: z.array(
      z.strictObject({
        sessionId: z.string(),
        status: z.enum(['SUCCESS', 'FAILED', 'SKIPPED']),
        error: z.string().min(1).optional(),
        recoveredAt: TIME.optional(),
      }),
    ),
    totalSessions: count(),
    successfulRecoveries: count(),
    failedRecoveries: count(),
  }),
};
