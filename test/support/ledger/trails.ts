// Where a message went, for a person to study.
import type { Scene } from '../scene.js';
import type { Evidence, Finding } from './tally.js';
import type { Accepted } from './traffic.js';

/** Something that was done to the worker. */
export interface Deed {
  at: Date;
  /** For a person, in the past tense. */
  what: string;
}

const DEEDS_AROUND = 3;

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11);

/** What WhatsApp saw of a message. */
export const stepsOf = async ({ phones }: Scene, id: string): Promise<string> => {
  const trace = await phones.trace(id).catch(() => undefined);
  const steps = trace?.events.map(({ step, device, at }) => `    ${timeOf(at)} ${step} ${device}`) ?? [];
  return [`  ${id}: ${steps.length === 0 ? 'unknown to WhatsApp' : ''}`, ...steps].join('\n');
};

const origin = ({ id, acceptedAt, keyed }: Accepted): string =>
  `accepted at ${timeOf(acceptedAt.getTime())} as ${id} ${keyed ? `with key "${keyed.key}" at try ${keyed.attempts}` : 'from a phone'}`;

const deedsAround = ({ acceptedAt }: Accepted, deeds: readonly Deed[]): string[] =>
  deeds
    .toSorted((a, b) => Math.abs(a.at.getTime() - acceptedAt.getTime()) - Math.abs(b.at.getTime() - acceptedAt.getTime()))
    .slice(0, DEEDS_AROUND)
    .map(({ at, what }) => `  ${timeOf(at.getTime())} ${what}`);

/** Each message with its way through WhatsApp, and what was done around it. */
export const trailsOf = async (
  scene: Scene,
  findings: readonly Finding[],
  { phones }: Evidence,
  deeds: readonly Deed[],
): Promise<string[]> =>
  Promise.all(
    findings.map(async ({ message, found }) => {
      const ids = new Set([message.id, ...found]);
      const seenOn = [...phones].filter(([, shown]) => shown.some(({ id }) => ids.has(id))).map(([number]) => number);
      return [
        `"${message.text}" ${origin(message)}, seen on phones: ${seenOn.join(', ') || 'none'}`,
        ...(await Promise.all([...ids].map(async (id) => stepsOf(scene, id)))),
        ...deedsAround(message, deeds),
      ].join('\n');
    }),
  );
