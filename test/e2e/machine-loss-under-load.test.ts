import { expect, test } from 'vitest';
import { loseMachines } from '../machine-loss/experiment.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';

const [found] = ownServers();

test.skipIf(!found)(
  `two workers that lose their machines under load lose only what is younger than an interval, and go on without a QR (${found?.name ?? HOW_TO_INSTALL})`,
  async () => {
    if (!found) return;
    const { figures, broken } = await loseMachines(found.start, {
      sessions: 6,
      intervalMs: 1_000,
      loadMs: 10_000,
      everyMs: 300,
      patienceMs: 90_000,
    });
    console.log(figures.map(([name, value]) => `${name}: ${value}`).join('\n'));
    expect(broken).toEqual([]);
  },
);
