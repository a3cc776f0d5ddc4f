import type { Bench } from './bench.js';
import { cpuPerMessage } from './cpu-per-message.js';
import { contactsOf } from './on-stage.js';

/** Texts as fast as they go, each session one after the other: over HTTP from a worker, and from Baileys alone, which waits for the same acks. */
export const send: Bench = async (options) =>
  cpuPerMessage(options, {
    ready: async (contender, stage, { sessions, kind }) => {
      const contacts = await contactsOf(stage, sessions);
      await contender.open();
      const routes = contacts.map((number, session) => ({ session, to: `${number}@s.whatsapp.net` }));
      // Each has written to its contact before, and what runs often is compiled, in each of the worker's processes.
      await contender.send({ routes, seconds: options.seconds });
      return async () => {
        const { done, seconds, p50Ms, p99Ms, failures, failure } = await contender.send({ routes, seconds: options.seconds });
        if (failure !== undefined) console.log(`  ${kind}: ${failures} failed, the first: ${failure}`);
        return { messages: done, figures: { PerSecond: done / seconds, P50Ms: p50Ms, P99Ms: p99Ms, Failures: failures } };
      };
    },
    limits: {
      // 0.7 times the messages per core of one, and 1.8 times those of the other.
      cpuPerMessageToFixed: [1.43, 'times'],
      cpuPerMessageToStock: [0.556, 'times'],
      workerP99Ms: [250, 'ms'],
      supervisorPercentOfCpu: [20, '%'],
      workerFailures: [0, 'messages'],
    },
  });
