import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { RowCipher } from '../../../shared/store/row-cipher.js';
import { tempFolder } from '../store/temp-store.js';
import { step, World, type Step } from './world.js';

/** Moved, deleted and made anew before the object store hears of any of it. */
const RECREATED: Step[] = [
  { do: 'key', session: 0, id: 0, value: 1 },
  { do: 'flush', files: false },
  { do: 'move', session: 0, flushAfter: 'nothing', givenUp: false },
  { do: 'delete', session: 0 },
  { do: 'key', session: 0, id: 1, value: 2 },
];

/** Deleted when its files say of a chat, and made anew by what follows; the files go later. */
const DELETED: Step[] = [
  { do: 'message', session: 0, minutes: 4 },
  { do: 'flush', files: true },
  { do: 'message', session: 0, minutes: 0 },
  { do: 'delete', session: 0 },
];

/** Everything is in the files, so that nothing is left of the journal. */
const SAVED: Step[] = [
  { do: 'key', session: 0, id: 0, value: 1 },
  { do: 'flush', files: false },
  { do: 'key', session: 0, id: 0, value: 2 },
  { do: 'message', session: 0, minutes: 0 },
  { do: 'set', session: 0, on: false },
  { do: 'flush', files: true },
];

it.each([
  ['in the clear', undefined],
  ['encrypted', new RowCipher([Buffer.alloc(32, 7)])],
])('whatever was shipped comes back in an empty folder, whatever happened before (%s)', async (_name, cipher) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, files) => {
      const bucket = tempFolder();
      const world = await new World(bucket, cipher).open();
      await world.replication.flush(false);
      for (const what of steps) await world.take(what);
      world.objects.away = false;
      await world.replication.flush(false);
      const before = await world.contents();
      await world.stop();
      const restored = await new World(bucket, cipher).open();
      expect(await restored.contents()).toEqual(before);
      // And once more, from what the new folder ships.
      await restored.take({ do: 'message', session: 0, minutes: 0 });
      await restored.take({ do: 'key', session: 0, id: 0, value: -1 });
      await restored.replication.flush(files);
      const later = await restored.contents();
      await restored.stop();
      const again = await new World(bucket, cipher).open();
      expect(await again.contents()).toEqual(later);
      expect([...world.refused, ...restored.refused, ...again.refused]).toEqual([]);
    }),
    {
      numRuns: 12,
      endOnFailure: false,
      interruptAfterTimeLimit: 60_000,
      examples: [
        [RECREATED, true],
        [DELETED, false],
        [SAVED, false],
      ],
    },
  );
});

it('makes a restore again that was interrupted anywhere', async () => {
  const bucket = tempFolder();
  const world = await new World(bucket, undefined).open();
  for (const index of [0, 1, 2]) {
    await world.take({ do: 'key', session: index, id: 1, value: 7 });
    await world.take({ do: 'message', session: index, minutes: 0 });
  }
  await world.replication.flush(true);
  await world.take({ do: 'message', session: 1, minutes: 5 });
  await world.replication.flush(false);
  const before = await world.contents();
  await world.stop();
  for (let gets = 1; gets <= 12; gets++) {
    const restored = new World(bucket, undefined);
    restored.objects.goesAwayAfter = gets;
    const opening = restored.open();
    await vi.waitFor(() => {
      expect(restored.objects.away || restored.slotIsOpen).toBe(true);
    }, 60_000);
    if (restored.objects.away) {
      await restored.stop(0);
      await expect(opening).rejects.toThrow();
      await restored.store.close();
    }
    restored.objects.away = false;
    restored.objects.goesAwayAfter = Infinity;
    if (!restored.slotIsOpen) await restored.open();
    expect(await restored.contents()).toEqual(before);
    await restored.stop();
  }
});
