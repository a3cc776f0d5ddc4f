// The stand-in beside the package that it loads.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { z as itself } from 'zod-itself';

const { cache, resolve } = createRequire(import.meta.url);

it('is what is imported, and loads no language but English', () => {
  expect(resolve('zod')).toBe(fileURLToPath(new URL('../../../stand-ins/zod/index.js', import.meta.url)));
  expect(Object.keys(itself.locales).length).toBeGreaterThan(50);
  const languages = Object.keys(cache).flatMap((file) => /zod-itself\/v4\/locales\/(.+)\.cjs$/.exec(file)?.[1] ?? []);
  expect(languages.sort()).toEqual(['en', 'index']);
});

it('says the same of what is wrong', () => {
  const messages = ({ object, string, int, iso, enum: oneOf, strictObject }: typeof z) => {
    const schema = object({ text: string().max(3), number: int(), at: iso.datetime(), kind: oneOf(['a', 'b']), rest: strictObject({}) });
    const wrong = { text: 'four', number: 1.5, at: 'noon', kind: 'c', rest: { more: true } };
    return schema.safeParse(wrong).error?.issues.map(({ message }) => message);
  };
  expect(messages(z)).toHaveLength(5);
  expect(messages(z)).toEqual(messages(itself));
});
