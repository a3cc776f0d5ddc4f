// `npm run demo`: a conversation to look at. `npm run demo -- --once`: the whole story, checked, exit code 0 or 1.
import { parseArgs } from 'node:util';
import { openFleetScene, type FleetScene } from '../support/fleet-scene.js';
import { castOf } from './cast.js';
import { converse } from './conversation.js';
import { DEMO_SCENE } from './demo-scene.js';
import { addresses, experiments } from './introduction.js';
import { sentenceOf } from './sentence-of.js';
import type { Step } from './step.js';
import { tellStory } from './story.js';
import { tendWorkers } from './tend-workers.js';

/** Long enough to see what the gateway makes of a worker that is gone. */
const RESTART_MS = 20_000;
const LOG_LINES = 20;

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

const print = (line: string): void => {
  console.log(`  ${line}`);
};

const step: Step = async (title, work, show) => {
  const startedAt = performance.now();
  try {
    const result = await work();
    const detail = show?.(result) ?? '';
    print(`✓ ${title}${detail && ` (${detail})`}  ${Math.round(performance.now() - startedAt)} ms`);
    return result;
  } catch (error) {
    print(`✗ ${title}`);
    throw error;
  }
};

const talkUntilStopped = async (scene: FleetScene): Promise<void> => {
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        resolve('stopped');
      });
  });
  console.log(addresses(scene));
  const cast = await Promise.race([stopped, castOf(scene, step)]);
  if (cast === 'stopped') return;
  console.log(await experiments(scene, cast, RESTART_MS));
  const endTending = tendWorkers(scene, RESTART_MS, print);
  void stopped.then(endTending);
  await converse(scene, cast, stopped, print);
  await endTending();
};

const tellOnce = async (scene: FleetScene, startedAt: number): Promise<void> => {
  await tellStory(scene, step);
  console.log(`\nEverything held, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
};

const startedAt = performance.now();
const log: string[] = [];
const scene = await openFleetScene({
  ...DEMO_SCENE,
  onLog: (workerId, line) => {
    log.push(`${workerId} ${line}`);
    if (log.length > LOG_LINES) log.shift();
  },
});
try {
  await (values.once ? tellOnce(scene, startedAt) : talkUntilStopped(scene));
} catch (error) {
  console.log(`\n${sentenceOf(error)}\n\nLast lines of the workers' logs:\n${log.join('\n')}`);
  process.exitCode = 1;
} finally {
  await scene.close();
}
