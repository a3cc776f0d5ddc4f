// Where a message went, for a person to study.
import type { Scene } from '../support/scene.js';
import type { Kill } from './kill-loop.js';
import type { Evidence, Finding } from './tally.js';
import type { Accepted } from './traffic.js';

const KILLS_AROUND = 3;

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11);

/** What WhatsApp saw of a message. */
export const stepsOf = async ({ phones }: Scene, id: string): Promise<string> => {
  const trace = await phones.trace(id).catch(() => undefined);
  const steps = trace?.events.map(({ step, device, at }) => `    ${timeOf(at)} ${step} ${device}`) ?? [];
  return [`  ${id}: ${steps.length === 0 ? 'unknown to WhatsApp' : ''}`, ...steps].join('\n');
};

const origin = ({ id, acceptedAt, keyed }: Accepted): string =>
  `accepted at ${timeOf(acceptedAt.getTime())} as ${id} ${keyed ? `with key "${keyed.key}" at try ${keyed.attempts}` : 'from a phone'}`;

const killsAround = ({ acceptedAt }: Accepted, kills: readonly Kill[]): string[] =>
  kills
    .toSorted((a, b) => Math.abs(a.at.getTime() - acceptedAt.getTime()) - Math.abs(b.at.getTime() - acceptedAt.getTime()))
    .slice(0, KILLS_AROUND)
    .map(({ at, victim, pid, phases }) => `  ${timeOf(at.getTime())} killed ${victim} ${pid} in ${phases.join(', ') || 'idleness'}`);

/** Each message with its way through WhatsApp, and the kills around it. */
export const trailsOf = async (
  scene: Scene,
  findings: readonly Finding[],
  { phones }: Evidence,
  kills: readonly Kill[],
): Promise<string[]> =>
  Promise.all(
    findings.map(async ({ message, found }) => {
      const ids = new Set([message.id, ...found]);
      const seenOn = [...phones].filter(([, shown]) => shown.some(({ id }) => ids.has(id))).map(([number]) => number);
      return [
        `"${message.text}" ${origin(message)}, seen on phones: ${seenOn.join(', ') || 'none'}`,
        ...(await Promise.all([...ids].map(async (id) => stepsOf(scene, id)))),
        ...killsAround(message, kills),
      ].join('\n');
    }),
  );
