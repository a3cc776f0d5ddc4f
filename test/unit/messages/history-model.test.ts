import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MESSAGE_STATUSES, type Message } from '../../../shared/domain/message.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import type { History, HistoryRange } from '../../../supervisor/messages/history.js';
import { readPart } from '../../../supervisor/messages/message-file.js';
import { DAY_MS, evict, expire, historyOver, incoming, outgoing, PlainHistory, TODAY } from './history-setting.js';

type Step =
  | { kind: 'append'; messages: Message[] }
  | { kind: 'advance'; id: string; status: Message['status'] }
  | { kind: 'ship' }
  | { kind: 'evict'; day: string; stopAfter: number }
  | { kind: 'expire'; day: string; stopAfter: number }
  | { kind: 'reopen' };

const day = fc.constantFrom('2026-11-21', '2026-11-22', '2026-11-23');
const id = fc.nat({ max: 40 }).map((n) => `A${n}`);
/** Four of them fill a file. */
const raw = fc.option(fc.constant('x'.repeat(250_000)), { nil: undefined, freq: 4 });
const message = fc
  .record({ id, at: fc.integer({ min: -DAY_MS, max: 2 * DAY_MS - 1 }), raw })
  .map(({ id: name, at, raw: bytes }) =>
    (Number(name.slice(1)) % 2 === 0 ? incoming : outgoing)(
      name,
      TODAY + Math.round(at / 20_000_000) * 20_000_000,
      bytes ? { raw: bytes } : {},
    ),
  );
// Most are whole, some are stopped at their first or second commit.
const stopAfter = fc.constantFrom(Infinity, Infinity, 1, 2, 3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('append' as const), messages: fc.array(message, { minLength: 1, maxLength: 8 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), id, status: fc.constantFrom(...MESSAGE_STATUSES) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'ship' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('evict' as const), day, stopAfter }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), day, stopAfter: fc.constantFrom(Infinity, 1, 2, 3) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
);

const allPages = async (history: History, range: HistoryRange): Promise<Message[]> => {
  const messages: Message[] = [];
  for (let page = await history.page('s', range); ; page = await history.page('s', { ...range, before: page.next })) {
    messages.push(...page.messages);
    if (!page.next) return messages;
  }
};

it('shows what a plain list would, however days are shipped, evicted, interrupted, added to and removed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 25, size: 'max' }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 45 })), { minLength: 3, maxLength: 6 }),
      async (steps, pages) => {
        const folder = tempFolder();
        let setting = historyOver(closing(await openSupervisorStore(folder)));
        const model = new PlainHistory();
        const expiring = new Set<string>();
        const expired = new Set<string>();
        for (const one of steps) {
          switch (one.kind) {
            case 'append': {
              // What comes for a day that is being removed goes with it sooner or later, and what was removed may still be known; when is not
              // told here.
              const messages = one.messages.filter(
                ({ id: name, timestamp }) => !expiring.has(new Date(timestamp).toISOString().slice(0, 10)) && !expired.has(name),
              );
              await setting.append(...messages);
              for (const given of messages) model.add(given);
              break;
            }
            case 'advance':
              await setting.store.commit(setting.history.advance('s', one.id, one.status));
              model.advance(one.id, one.status);
              break;
            case 'ship':
              await setting.ship();
              break;
            case 'evict': {
              await evict(setting.store, one.day, one.stopAfter);
              const dayRow = setting.store.get<{ remoteParts: number }>(TABLES.messageDays, ['s', one.day]);
              const changed = [...setting.store.range(TABLES.changedParts, { prefix: ['s', one.day] })].length > 0;
              if (dayRow && dayRow.remoteParts > 0 && !changed) model.evict(one.day);
              break;
            }
            case 'expire':
              await setting.ship();
              await expire(setting, one.day, one.stopAfter);
              for (const name of model.expire(one.day)) expired.add(name);
              if (setting.store.get(TABLES.messageDays, ['s', one.day]) === undefined) expiring.delete(one.day);
              else expiring.add(one.day);
              break;
            case 'reopen':
              await setting.store.close();
              setting = historyOver(closing(await openSupervisorStore(folder)), setting.objects);
              break;
          }
        }
        const expected = model.newestFirst();
        for (const [limit, offset] of [...pages, [1_000, 0] as const]) {
          const { messages, total } = await setting.history.page('s', { limit, offset });
          expect([total, setting.history.total()]).toEqual([expected.length, expected.length]);
          expect(messages).toEqual(expected.slice(offset, offset + limit));
          expect(await allPages(setting.history, { limit })).toEqual(expected);
          const filter = { direction: 'in', until: TODAY + DAY_MS / 2 } as const;
          const wanted = expected.filter(({ fromMe, timestamp }) => !fromMe && timestamp < filter.until);
          expect(await allPages(setting.history, { limit, filter })).toEqual(wanted);
        }
        for (const one of expected) expect(await setting.history.find('s', one.id)).toEqual(one);
        await setting.ship();
        const shipped = [...setting.objects.bodies].flatMap(([key, { body }]) =>
          [...expiring].some((name) => key.includes(name)) ? [] : readPart(body).messages.map((stored) => stored.message),
        );
        expect(shipped.map(({ id: name }) => name).sort()).toEqual(expected.map(({ id: name }) => name).sort());
      },
    ),
    { numRuns: 40 },
  );
});
