import { expect, it } from 'vitest';
import { fingerprintOf } from '../../../supervisor/messages/send-rules.js';
import { newUntoldKey, UntoldSends } from '../../../supervisor/messages/untold-sends.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { hold, setUp, text, untilGiven } from './sends-setting.js';

it('keeps a key until its client was told, and finds those that were not', async () => {
  const setting = await setUp();
  const { sends, fleet, store, registry } = setting;
  const runner = hold(fleet);
  const untold = new UntoldSends(store, registry);
  const before = Date.now();
  const requests = [text('one', newUntoldKey()), text('two', newUntoldKey()), text('named', "the client's own")];
  const answers = requests.map(async (request) => sends.send(request));
  await untilGiven(setting, 3);
  const [one, two] = requests.map((request) => ({ sessionId: 's', key: request.idempotencyKey, fingerprint: fingerprintOf(request) }));
  expect(untold.since(before)).toMatchObject([one, two]);
  expect(untold.since(Date.now() + 1)).toEqual([]);

  // Its send goes on, so its key is still needed.
  await untold.told('s', String(two?.key));
  for (const n of [0, 1, 2]) runner.confirm(n);
  await Promise.all(answers);
  await untold.told('s', String(one?.key));
  await untold.told('gone', String(one?.key));
  expect(untold.since(before)).toMatchObject([two]);
  expect([...store.range(TABLES.idempotency)].map(({ key }) => key[1]).sort()).toEqual(["the client's own", two?.key].sort());
  expect([...store.range(TABLES.idempotencyTimes)]).toHaveLength(2);
});
