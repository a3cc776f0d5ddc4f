import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { LIDMappingStore } from '../../../node_modules/@whiskeysockets/baileys/lib/Signal/lid-mapping.js';
import { baileysLogger } from '../../../session-runner/baileys-logger.js';
import { leanLids, RecentLids } from '../../../session-runner/session/lean-lids.js';
import { silent } from '../shared/logged.js';
import { collectGarbage } from './collect-garbage.js';

/** Over rows in memory; `reads` counts how often they are asked. */
const stock = () => {
  const rows: Record<string, unknown> = {};
  const get = vi.fn(async (_type: string, ids: string[]) => Promise.resolve(Object.fromEntries(ids.map((id) => [id, rows[id]]))));
  const keys = {
    get,
    set: async (data: Record<string, Record<string, unknown>>) => Promise.resolve(void Object.assign(rows, data['lid-mapping'])),
    transaction: async <T>(work: () => Promise<T>) => work(),
  };
  const asked = vi.fn(async () => Promise.resolve([]));
  const lids = new LIDMappingStore(keys as never, baileysLogger(silent), asked);
  return { lids, reads: get, asked };
};

const lean = () => {
  const made = stock();
  leanLids(made.lids);
  return made;
};

const pair = (n: number) => ({ lid: `${900_000 + n}@lid`, pn: `${49_000 + n}@s.whatsapp.net` });
const many = (count: number) => Array.from({ length: count }, (_, n) => pair(n));

it('answers as Baileys does, for devices, agents, hosted accounts and what is no address', async () => {
  const user = fc.oneof(fc.integer({ min: 49_000, max: 49_006 }), fc.integer({ min: 900_000, max: 900_006 }), fc.constantFrom('', 'x'));
  const address = fc
    .tuple(
      user,
      fc.constantFrom('', '_1', '_128'),
      fc.constantFrom('', ':0', ':7', ':99', ':x'),
      fc.constantFrom('@s.whatsapp.net', '@lid', '@hosted', '@hosted.lid', '@g.us', '@c.us', ''),
    )
    .map((parts) => parts.join(''));
  // Baileys' own callers do not look either.
  const jid = fc.oneof({ weight: 9, arbitrary: address }, fc.constant(undefined as unknown as string));
  await fc.assert(
    fc.asyncProperty(fc.array(jid, { minLength: 1, maxLength: 8 }), async (jids) => {
      const [one, other] = [stock().lids, lean().lids];
      for (const lids of [one, other]) await lids.storeLIDPNMappings(many(4));
      for (const each of jids) {
        expect(await other.getLIDForPN(each)).toBe(await one.getLIDForPN(each));
        expect(await other.getPNForLID(each)).toBe(await one.getPNForLID(each));
      }
    }),
    { numRuns: 300 },
  );
});

it('says what was learned last, and reads what it has forgotten', async () => {
  const { lids, reads, asked } = lean();
  await lids.storeLIDPNMappings(many(2_000));
  reads.mockClear();
  expect(await lids.getLIDForPN('50999:3@s.whatsapp.net')).toBe('901999:3@lid');
  expect(reads).not.toHaveBeenCalled();
  expect(await lids.getLIDForPN('49000@s.whatsapp.net')).toBe('900000@lid');
  expect(await lids.getPNForLID('900001:2@lid')).toBe('49001:2@s.whatsapp.net');
  expect(reads).toHaveBeenCalledTimes(2);
  await lids.storeLIDPNMappings([{ lid: '77@lid', pn: '49000@s.whatsapp.net' }]);
  expect(await lids.getLIDForPN('49000@s.whatsapp.net')).toBe('77@lid');
  expect(asked).not.toHaveBeenCalled();
});

it('knows everybody of a large group at once, and asks WhatsApp for nobody', async () => {
  const { lids, asked } = lean();
  await lids.storeLIDPNMappings(many(3_000));
  const found = await lids.getLIDsForPNs(many(3_000).map(({ pn }) => pn));
  expect(found).toHaveLength(3_000);
  const numbers = await lids.getPNsForLIDs(many(3_000).map(({ lid }) => lid));
  expect(numbers).toHaveLength(3_000);
  expect(asked).not.toHaveBeenCalled();
});

it('takes little memory and no timers, however many people a session has heard of', async () => {
  const sizeOf = async ({ lids }: ReturnType<typeof stock>): Promise<number> => {
    // The rows are not what is measured.
    Object.assign(lids, {
      keys: {
        get: async () => Promise.resolve({}),
        set: async () => Promise.resolve(),
        transaction: async <T>(work: () => Promise<T>) => work(),
      },
    });
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    await lids.storeLIDPNMappings(many(5_000));
    collectGarbage();
    const taken = process.memoryUsage().heapUsed - before;
    lids.close();
    return taken;
  };
  await sizeOf(stock());
  const [one, other] = [await sizeOf(stock()), await sizeOf(lean())];
  expect(other).toBeLessThan(one / 5);
});

it('forgets only after the turn, keeps what is used, and what is newer', async () => {
  const known = new RecentLids(10);
  for (let n = 0; n < 25; n++) known.set(`k${n}`, 'old');
  expect(known.get('k0')).toBe('old');
  await Promise.resolve();
  expect(known.size).toBe(10);
  expect(known.get('k14')).toBeUndefined();
  expect(known.get('k15')).toBe('old');
  known.set('k15', 'new');
  for (let n = 100; n < 200; n++) {
    known.set(`k${n}`, 'x');
    expect(known.get('k15')).toBe('new');
    await Promise.resolve();
    expect(known.size).toBeLessThanOrEqual(20);
  }
  known.clear();
  expect([known.size, known.get('k15')]).toEqual([0, undefined]);
});
