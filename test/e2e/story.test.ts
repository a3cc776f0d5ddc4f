import { expect, test } from 'vitest';
import { tellStory } from '../demo/story.js';
import { openScene } from '../support/scene.js';

test('two sessions in two runners talk, one runner is killed, and nothing is missed', async () => {
  const scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '1' } });
  const titles: string[] = [];
  try {
    await tellStory(scene, async (title, work, show) => {
      titles.push(title);
      const result = await work();
      show?.(result);
      return result;
    });
  } finally {
    await scene.close();
  }
  expect(titles.length).toBeGreaterThan(10);
}, 60_000);
