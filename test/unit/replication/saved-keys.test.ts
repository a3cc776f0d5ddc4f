import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameOf, type KeyRow } from '../../../shared/store/key-file.js';
import { changesSince, savedKeys } from '../../../supervisor/replication/saved-keys.js';

const ref = { sha256: 'a'.repeat(64), generation: 1 };
const rows = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom('session', 'sender-key', 'lid-mapping'),
    fc.constantFrom('1.0', '2.0', '__proto__', 'a/b'),
    fc.uint8Array({ maxLength: 3 }),
  ),
  { selector: ([type, id]) => nameOf([type, id]) },
);
const asMap = (of: readonly KeyRow[]): Map<string, string> =>
  new Map(of.map(([type, id, value]) => [nameOf([type, id]), Buffer.from(value).toString('hex')]));

it('makes of what an object has and of what changed since exactly what there is now', () => {
  fc.assert(
    fc.property(rows, rows, (before, now) => {
      // Large enough for changes never to be most of it.
      const since = changesSince(savedKeys(ref, before, 1_000_000), now);
      if (!since) return before.length > 0;
      const gone = new Set(since.gone.map(nameOf));
      const left = before.filter(([type, id]) => !gone.has(nameOf([type, id])));
      expect(asMap([...left, ...since.changed])).toEqual(asMap(now));
      const unchanged = asMap(before);
      for (const [type, id, value] of since.changed) expect(unchanged.get(nameOf([type, id]))).not.toBe(Buffer.from(value).toString('hex'));
      return true;
    }),
  );
});

it('asks for a new object when what changed is more than half of it', () => {
  const row = (byte: number): KeyRow => ['session', '1.0', Buffer.alloc(100, byte)];
  expect(changesSince(savedKeys(ref, [row(1)], 200), [row(2)])).toEqual({ changed: [row(2)], gone: [] });
  expect(changesSince(savedKeys(ref, [row(1)], 199), [row(2)])).toBeUndefined();
});

it('asks for a new object when more than half of its keys are gone', () => {
  const row = (id: number): KeyRow => ['session', `${id}.0`, Buffer.alloc(1)];
  const saved = savedKeys(ref, [row(1), row(2), row(3), row(4)], 1_000);
  expect(changesSince(saved, [row(3), row(4)])?.gone).toEqual([
    ['session', '1.0'],
    ['session', '2.0'],
  ]);
  expect(changesSince(saved, [row(4)])).toBeUndefined();
});
