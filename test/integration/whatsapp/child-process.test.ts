import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { builtFile } from '../../whatsapp/built-file.js';
import { spawnWhatsapp } from '../../whatsapp/spawn-whatsapp.js';
import { TestCompanion } from './test-companion.js';

const built = existsSync(builtFile('main.js'));

test.skipIf(!built)('a simulated WhatsApp in a process of its own keeps its state over SIGTERM', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-child-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const stateFile = join(folder, 'state.ndjson');
  const first = await spawnWhatsapp({ stateFile });
  const phone = await first.client.createPhone();
  const companion = await new TestCompanion(first.url).pair(first.client, phone.number);
  companion.vanish();
  expect(await first.stop()).toBe(0);

  const second = await spawnWhatsapp({ stateFile, port: Number(new URL(first.url).port) });
  onTestFinished(async () => {
    await second.stop('SIGKILL');
  });
  expect(second.env).toMatchObject({ WA_WEBSOCKET_URL: first.url });
  await companion.login();
  companion.vanish();
});

test.skipIf(!built)('a simulated WhatsApp started with its parent ends when the parent lets go', async () => {
  const child = spawn(process.execPath, [builtFile('main.js'), '--with-parent'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  expect(JSON.parse(line.toString().split('\n')[0] ?? '')).toMatchObject({
    event: 'listening',
    caFile: expect.stringContaining('ca.pem') as string,
  });
  child.stdin.end();
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
});

test.skipIf(!built)('a wrong option ends the program with a usage line', async () => {
  const child = spawn(process.execPath, [builtFile('main.js'), '--port', 'many'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [text] = (await once(child.stderr, 'data')) as [Buffer];
  const [code] = (await once(child, 'exit')) as [number];
  expect(text.toString()).toContain('usage:');
  expect(code).toBe(64);
});
