import { expect, test } from 'vitest';
import { DEMO_SCENE } from '../demo/demo-scene.js';
import { tellStory } from '../demo/story.js';
import { openFleetScene } from '../support/fleet-scene.js';

test('two sessions at two workers of one gateway talk, a runner and a worker are killed, and nothing is missed', async () => {
  const scene = await openFleetScene(DEMO_SCENE);
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
  expect(titles.length).toBeGreaterThan(20);
});
