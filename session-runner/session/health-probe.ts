import type { WASocket } from '../baileys.js';

const PROBE_TIMEOUT_MS = 5_000;

export interface HealthProbe {
  /** Asks WhatsApp for a sign of life; rejects or resolves, with an answer or without one, within 5 s. */
  ask: () => Promise<unknown>;
  /** Resolves when nothing holds our frames back. */
  unhindered: () => Promise<void>;
  /** When the last frame of any kind came, on the clock of `performance.now()`. */
  lastFrameAt: () => number;
}

/** `hindered`: our own frames could not leave, so that silence proves nothing. */
export type ProbeResult = 'answered' | 'unanswered' | 'hindered';

/** Whether anything at all comes through a socket. */
export const probeHealth = async ({ ask, unhindered, lastFrameAt }: HealthProbe): Promise<ProbeResult> => {
  if (!(await inTime(unhindered()))) return 'hindered';
  const askedAt = performance.now();
  // An answer may be an error; and Baileys resolves with nothing when none came. So the frames are looked at, not the answer.
  await ask().catch(() => undefined);
  // After a long pause of this process timers come first: let it read what has arrived.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  return lastFrameAt() >= askedAt ? 'answered' : 'unanswered';
};

export const ping = async (sock: WASocket): Promise<unknown> =>
  sock.query(
    { tag: 'iq', attrs: { to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' }, content: [{ tag: 'ping', attrs: {} }] },
    PROBE_TIMEOUT_MS,
  );

const inTime = async (work: Promise<void>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, PROBE_TIMEOUT_MS, false)));
  return Promise.race([work.then(() => true), late]).finally(() => {
    clearTimeout(timer);
  });
};
