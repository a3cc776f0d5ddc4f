// `npm run demo`: a conversation to look at. `npm run demo -- --once`: the whole story, checked, exit code 0 or 1.
import { parseArgs } from 'node:util';
import { openScene, type Scene } from '../support/scene.js';
import { pairTwo, say, tellStory, type Step } from './story.js';

const LINES = ['How are you?', 'Fine, and you?', 'Still here.', 'So am I.', 'Nothing lost so far.', 'Nothing doubled either.'];
const PAUSE_MS = 2_000;

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

const step: Step = async (title, work, show) => {
  const startedAt = performance.now();
  try {
    const result = await work();
    const detail = show?.(result) ?? '';
    console.log(`  ✓ ${title}${detail && ` (${detail})`}  ${Math.round(performance.now() - startedAt)} ms`);
    return result;
  } catch (error) {
    console.log(`  ✗ ${title}`);
    throw error;
  }
};

const introduce = ({ worker, whatsapp, dataDir }: Scene): void => {
  console.log(`worker              ${worker.baseUrl}`);
  console.log(`  health            curl ${worker.baseUrl}/health`);
  console.log(`  sessions          curl ${worker.baseUrl}/sessions`);
  console.log(`  runners           curl ${worker.baseUrl}/runners`);
  console.log(`  history           curl ${worker.baseUrl}/session/alice/messages`);
  console.log(`simulated WhatsApp  ${whatsapp.url}, control ${whatsapp.controlUrl}`);
  console.log(`data                ${dataDir}\n`);
};

const talkUntilStopped = async (scene: Scene): Promise<void> => {
  const { alice, bob } = await pairTwo(scene, step);
  console.log(`\nKill a runner (kill -9 ${await scene.worker.runnerPidOf('alice')}) and watch. Ctrl-C ends the demo.\n`);
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        resolve('stopped');
      });
  });
  for (let turn = 0; ; turn++) {
    const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice];
    const text = LINES[turn % LINES.length] ?? '';
    const spoken = say(scene, from, to, text).then(
      () => {
        console.log(`  ${from.sessionId} → ${to.sessionId}: ${text}`);
      },
      (error: unknown) => {
        console.log(`  ${from.sessionId} → ${to.sessionId}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
    const pause = new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if ((await Promise.race([stopped, Promise.all([spoken, pause])])) === 'stopped') return;
  }
};

const startedAt = performance.now();
const log: string[] = [];
// One session per runner, so that the two live apart.
const scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '1' }, onLog: (line) => log.push(line) });
try {
  introduce(scene);
  if (values.once) {
    await tellStory(scene, step);
    console.log(`\nEverything held, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  } else {
    await talkUntilStopped(scene);
  }
} catch (error) {
  console.log(
    `\n${error instanceof Error ? error.message : String(error)}\n\nLast lines of the worker's log:\n${log.slice(-20).join('\n')}`,
  );
  process.exitCode = 1;
} finally {
  await scene.close();
}
