import { afterEach, beforeEach, expect, it } from 'vitest';
import { Registry } from '../../../supervisor/placement/registry.js';
import { Settings } from '../../../supervisor/settings/settings.js';
import { tellRunner } from '../../../supervisor/settings/tell-runner.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { MemoryFleet } from '../placement/memory-fleet.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';

let end: () => void;
beforeEach(() => (end = () => undefined));
afterEach(() => {
  end();
});

const setUp = async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const registry = new Registry(store, silent);
  const settings = new Settings({ store });
  const fleet = new MemoryFleet();
  await registry.add({ sessionId: 's', userId: undefined, sessionName: undefined });
  end = tellRunner({ settings, registry, fleet, log: silent, retryMs: 1 });
  return { registry, settings, fleet };
};

it('tells the runner of a session what was changed for it', async () => {
  const { registry, settings, fleet } = await setUp();
  await fleet.ensure(3);
  await registry.update('s', { slot: 3 });
  await settings.change('s', { readReceipts: true });
  await settings.change('s', { readReceipts: true });
  expect(fleet.of('session.configure')).toMatchObject([{ slot: 3, params: { sessionId: 's', settings: { readReceipts: true } } }]);
});

it('tells nobody while the session lives nowhere', async () => {
  const { registry, settings, fleet } = await setUp();
  await settings.change('s', { readReceipts: true });
  await registry.update('s', { slot: 3 });
  await settings.change('s', { readReceipts: false });
  expect(fleet.of('session.configure')).toEqual([]);
});

it('tries again until the runner took the last of it', async () => {
  const { registry, settings, fleet } = await setUp();
  await fleet.ensure(3);
  await registry.update('s', { slot: 3 });
  let failures = 2;
  fleet.answer = () => {
    if (failures-- > 0) throw new Error('busy');
    return {};
  };
  await settings.change('s', { readReceipts: true });
  await settings.change('s', { markOnline: false });
  await eventually(() => failures < 0, 'an answer');
  expect(fleet.of('session.configure').at(-1)?.params.settings).toEqual({ readReceipts: true, markOnline: false });
});
