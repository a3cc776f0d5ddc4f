import { expect, test } from 'vitest';
import type { GroupMetadata } from '../../../session-runner/baileys.js';
import { GroupCache } from '../../../session-runner/queries/group-cache.js';

const GROUP = '120363000000000001@g.us';

const setting = (members = 3) => {
  const asked: string[] = [];
  const answers: ((subject: string) => void)[] = [];
  let now = 0;
  const cache = new GroupCache(
    async (id) => {
      asked.push(id);
      const subject = await new Promise<string>((resolve) => answers.push(resolve));
      const participants = Array.from({ length: members }, (_, index) => ({ id: `${index}@lid` }));
      return { id, subject, owner: undefined, participants } satisfies GroupMetadata;
    },
    () => now,
  );
  return {
    cache,
    asked,
    answer: (subject: string) => answers.shift()?.(subject),
    later: (ms: number) => {
      now += ms;
    },
  };
};

test('a group is asked for once, also by those who wait for the same answer', async () => {
  const { cache, asked, answer } = setting();
  const both = Promise.all([cache.get(GROUP), cache.get(GROUP)]);
  answer('Lunch');
  expect((await both).map(({ subject }) => subject)).toEqual(['Lunch', 'Lunch']);
  expect((await cache.get(GROUP)).subject).toBe('Lunch');
  expect(cache.peek(GROUP)?.subject).toBe('Lunch');
  expect(asked).toEqual([GROUP]);
});

test('an answer that a change overtook is given to who asked, and not kept', async () => {
  const { cache, asked, answer } = setting();
  const first = cache.get(GROUP);
  cache.forget(GROUP);
  answer('Lunch');
  expect((await first).subject).toBe('Lunch');
  expect(cache.peek(GROUP)).toBeUndefined();
  const second = cache.get(GROUP);
  answer('Dinner');
  expect((await second).subject).toBe('Dinner');
  expect(asked).toHaveLength(2);
});

test('what is old is asked for again', async () => {
  const { cache, asked, answer, later } = setting();
  const first = cache.get(GROUP);
  answer('Lunch');
  await first;
  later(10 * 60_000 + 1);
  expect(cache.peek(GROUP)).toBeUndefined();
  void cache.get(GROUP);
  expect(asked).toHaveLength(2);
});

test('a question that failed is asked again', async () => {
  let times = 0;
  const cache = new GroupCache(async () => {
    times++;
    return Promise.reject(new Error(`no ${times}`));
  });
  await expect(cache.get(GROUP)).rejects.toThrow('no 1');
  await expect(cache.get(GROUP)).rejects.toThrow('no 2');
});

test('the groups used least give way when they have too many members together', async () => {
  const { cache, answer } = setting(1_500);
  for (const number of [1, 2, 3]) {
    const asked = cache.get(`${number}-1@g.us`);
    answer('x');
    await asked;
    cache.peek('1-1@g.us');
  }
  expect(['1-1@g.us', '2-1@g.us', '3-1@g.us'].filter((group) => cache.peek(group))).toEqual(['1-1@g.us', '3-1@g.us']);
});
