import type { Bench } from './bench.js';
import { cpuPerMessage } from './cpu-per-message.js';
import { contactsWhoWrite, write } from './incoming.js';

/** Texts that each phone sends in a second of the bench; the simulated WhatsApp decides how long that takes. */
const PER_PHONE_AND_SECOND = 5;

/** Phones write to every session at once; it is over when the last text is where a client sees it. */
export const receive: Bench = async (options) => {
  const each = options.seconds * PER_PHONE_AND_SECOND;
  const messages = options.sessions * each;
  const { results, ...outcome } = await cpuPerMessage(options, {
    ready: async (contender, stage, { sessions }) => {
      const routes = await contactsWhoWrite(stage, sessions);
      const all = [...routes.keys()];
      await contender.open();
      await write(stage, routes, each, 'warm-up');
      await contender.untilReceived(all, 'warm-up');
      return async () => {
        const startedAt = performance.now();
        await write(stage, routes, each, 'the last one');
        await contender.untilReceived(all, 'the last one');
        return { messages, figures: { PerSecond: (messages * 1000) / (performance.now() - startedAt) } };
      };
    },
    // 0.8 times the messages per second of CPU.
    limits: { cpuPerMessageToFixed: [1.25, 'times'], supervisorPercentOfCpu: [30, '%'] },
  });
  return { results: { ...results, messages }, ...outcome };
};
