import type { FleetScene } from '../support/fleet-scene.js';
import type { Cast } from './cast.js';
import { say } from './say.js';
import { sentenceOf } from './sentence-of.js';

const LINES = ['How are you?', 'Fine, and you?', 'Still here.', 'So am I.', 'Nothing lost so far.', 'Nothing doubled either.'];
const PAUSE_MS = 2_000;

/** Lets the two talk by turns until `stopped` resolves; what fails is told, and they go on. */
export const converse = async (
  scene: FleetScene,
  { alice, bob }: Cast,
  stopped: Promise<'stopped'>,
  print: (line: string) => void,
): Promise<void> => {
  for (let turn = 0; ; turn++) {
    const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice];
    const text = LINES[turn % LINES.length] ?? '';
    const spoken = say(scene, from, to, text).then(
      () => {
        print(`${from.sessionId} → ${to.sessionId}: ${text}`);
      },
      (error: unknown) => {
        print(`${from.sessionId} → ${to.sessionId}: ${sentenceOf(error)}`);
      },
    );
    const pause = new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if ((await Promise.race([stopped, Promise.all([spoken, pause])])) === 'stopped') return;
  }
};
