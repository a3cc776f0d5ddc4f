import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { RunnerFacts } from '../contract/runners-answer.js';
import { isRunning, openScene, pair, type Scene } from '../support/scene.js';
import { startTalk } from '../support/talk.js';
import { until } from '../support/worker-process.js';

const preload = (name: string): string => `--import=${new URL(`../fixtures/${name}`, import.meta.url).href}`;
const LIMIT_MB = 300;

let scene: Scene | undefined;
let folder = '';
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('a runner that leaks is replaced by itself once it is old enough, while its sessions talk: nothing is lost or doubled', async () => {
  const lines: string[] = [];
  folder = await mkdtemp(join(tmpdir(), 'recycle-leak-'));
  const later = join(folder, 'later');
  scene = await openScene({
    env: {
      RUNNER_MAX_SESSIONS: '2',
      RUNNER_RECYCLE_MB: String(LIMIT_MB),
      // Only the supervisor's: runners get no NODE_OPTIONS.
      NODE_OPTIONS: preload('later-clock.mjs'),
      CLOCK_IS_LATER_ONCE: later,
    },
    extraNodeOptions: [preload('leak.mjs')],
    onLog: (line) => lines.push(line),
  });
  const { phones, worker } = scene;
  const sessions = [await pair(scene, 'one'), await pair(scene, 'two')];
  const first = async (): Promise<RunnerFacts | undefined> => (await worker.runners()).find(({ slot }) => slot === 0);
  await until(
    async () => ((await first())?.anonymousBytes ?? 0) > LIMIT_MB * 1024 * 1024,
    60_000,
    () => 'the runner did not grow',
  );
  const old = await first();
  const talk = startTalk(scene, sessions, 5);
  // Half an hour of life is asked for; the half minute above the limit is waited for.
  await writeFile(later, '');
  await until(
    async () => (await first())?.state === 'idle',
    120_000,
    () => `the runner was not recycled:\n${lines.slice(-20).join('\n')}`,
  );
  expect(isRunning(old?.pid ?? 0)).toBe(false);
  for (const { sessionId } of sessions) expect(await worker.untilStatus(sessionId, 'connected')).toMatchObject({ slot: 1 });
  const count = await talk.stop();
  expect(count).toMatchObject({ lost: 0, doubled: 0 });
  expect((await phones.connections()).overlaps).toEqual([]);
  expect(lines.filter((line) => line.includes('has grown above RUNNER_RECYCLE_MB and is recycled'))).toHaveLength(1);
  const second = async (): Promise<RunnerFacts | undefined> => (await worker.runners()).find(({ slot }) => slot === 1);
  // Known from its first beat on.
  await expect.poll(async () => (await second())?.anonymousBytes).toEqual(expect.any(Number));
  const now = await second();
  expect(now).toMatchObject({ state: 'ready', sessions: 2, quarantined: false });
  expect(now?.anonymousBytes).toBeLessThan(LIMIT_MB * 1024 * 1024);
  console.log(JSON.stringify(count));
}, 240_000);
