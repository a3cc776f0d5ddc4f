import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const fileOf = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

/** What stands before `dist/supervisor/main.js`, where each of these starts the worker. */
const optionsIn = {
  'package.json': /exec node (.+) dist\/supervisor\/main\.js/,
  'deploy/systemd/whatsapp-worker.service': /^ExecStart=node (.+) \S+\/dist\/supervisor\/main\.js$/m,
  Dockerfile: /^CMD \["node", (.+), "dist\/supervisor\/main\.js"\]$/m,
  'test/support/worker-process.ts': /^const NODE_OPTIONS = \[(.+)\];$/m,
};

it('the worker gets the same options of Node.js from npm, systemd, a container and the tests', () => {
  const found = Object.entries(optionsIn).map(([name, pattern]) => pattern.exec(fileOf(name))?.[1]?.replace(/['",]/g, ''));
  expect(found).toEqual(found.map(() => '--max-semi-space-size=4 --v8-pool-size=1'));
});
