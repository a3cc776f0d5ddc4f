// `session-data.json` as others write it, and as it is given away.
import { z } from 'zod';
import { phoneNumberOf } from '../../shared/domain/ids.js';
import type { SessionRow } from '../supervisor-store.js';
import { TransferRefusedError } from './session-source.js';

export interface SessionDescription {
  userId: string | undefined;
  sessionName: string | undefined;
  /** Unix milliseconds. */
  createdAt: number | undefined;
  /** The worker of this program that wrote it. */
  workerId: string | undefined;
}

const text = z.string().min(1).optional().catch(undefined);
const Loose = z.object({
  userId: text,
  sessionName: text,
  createdAt: z.string().transform(Date.parse).pipe(z.number().int().nonnegative()).optional().catch(undefined),
  workerId: text,
  generation: z.number().optional().catch(undefined),
});

/** @throws TransferRefusedError */
export const readDescription = (body: Buffer | undefined): SessionDescription => {
  const { generation, workerId, userId, sessionName, createdAt } = Loose.parse(body ? parsed(body) : {});
  // Others may name a worker; journal numbers are ours.
  return { userId, sessionName, createdAt, workerId: generation === undefined ? undefined : workerId };
};

export const describe = (row: SessionRow): object => ({
  sessionId: row.sessionId,
  userId: row.userId ?? null,
  sessionName: row.sessionName ?? null,
  // Nothing runs while it is written.
  status: 'disconnected',
  phoneNumber: (row.jid === undefined ? undefined : phoneNumberOf(row.jid)) ?? null,
  createdAt: new Date(row.createdAt).toISOString(),
  lastActivity: new Date(row.lastActivity).toISOString(),
});

const parsed = (body: Buffer): object => {
  try {
    const content: unknown = JSON.parse(body.toString());
    if (typeof content === 'object' && content !== null) return content;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new TransferRefusedError('session-data.json is no JSON object; mend it, or move it away to do without it');
};
