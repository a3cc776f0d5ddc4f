import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Notify } from '../../../supervisor/service-manager/notify.js';
import { eventually } from '../../fixtures/eventually.js';

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-'));
  lines = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A `systemd-notify` of our own, which notes its arguments before it does `then`. */
const speaker = (then = ''): void => {
  const file = join(folder, 'systemd-notify');
  writeFileSync(file, `#!/bin/sh\necho "$NOTIFY_SOCKET|$*" >>'${folder}/told'\n${then}\n`);
  chmodSync(file, 0o755);
};
const told = (): string[] => (existsSync(join(folder, 'told')) ? readFileSync(join(folder, 'told'), 'utf8').trimEnd().split('\n') : []);
const notify = (timeoutMs?: number): Notify =>
  new Notify({
    socket: '/run/notify',
    path: `${folder}:/usr/bin:/bin`,
    log: pino(new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(String(chunk)), done()) })),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });

describe('what the service manager is told', () => {
  it('goes through systemd-notify, each assignment in one line', async () => {
    speaker();
    const speaking = notify();
    speaking.tell({ READY: '1', STATUS: 'two\nlines' });
    await speaking.told();
    expect(told()).toEqual(['/run/notify|READY=1 STATUS=two lines']);
  });

  it('is told by one process at a time, and together what came meanwhile', async () => {
    speaker(`while [ ! -e '${folder}/go' ]; do sleep 0.02; done`);
    const speaking = notify();
    speaking.tell({ READY: '1' });
    await eventually(() => told().length === 1, 'the first process');
    for (const status of ['a', 'b', 'c']) speaking.tell({ STATUS: status, WATCHDOG: '1' });
    expect(told()).toHaveLength(1);
    writeFileSync(join(folder, 'go'), '');
    await speaking.told();
    expect(told()).toEqual(['/run/notify|READY=1', '/run/notify|STATUS=c WATCHDOG=1']);
  });

  it('is logged once when it cannot be told, and again after it could', async () => {
    speaker(`[ -e '${folder}/works' ] || { echo 'no such socket' >&2; exit 1; }`);
    const speaking = notify();
    const tellAndWait = async (): Promise<void> => {
      speaking.tell({ WATCHDOG: '1' });
      await speaking.told();
    };
    await tellAndWait();
    await tellAndWait();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('systemd-notify ended with 1: no such socket');
    writeFileSync(join(folder, 'works'), '');
    await tellAndWait();
    rmSync(join(folder, 'works'));
    await tellAndWait();
    expect(lines).toHaveLength(2);
  });

  it('is logged when there is no systemd-notify', async () => {
    const speaking = new Notify({
      socket: '/run/notify',
      path: folder,
      log: pino(new Writable({ write: (chunk: Buffer, _e, done) => (lines.push(String(chunk)), done()) })),
    });
    speaking.tell({ READY: '1' });
    await speaking.told();
    expect(lines.join('')).toContain('ENOENT');
  });

  it('does not wait for ever for a process that hangs', async () => {
    speaker('exec sleep 60');
    const speaking = notify(300);
    speaking.tell({ READY: '1' });
    await speaking.told();
    expect(lines.join('')).toContain('SIGKILL');
  });
});
