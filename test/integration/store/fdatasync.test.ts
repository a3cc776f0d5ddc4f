// What the kernel was asked to do before each commit was acknowledged, seen from outside.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const CHILD = fileURLToPath(new URL('../../../dist/test/fixtures/acknowledging-child.js', import.meta.url));
const CALLS = 'openat,fdatasync,fsync,msync,write,writev,pwrite64,pwritev';
const ROWS = 30;

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!hasStrace) console.log('skipping: strace is not installed, or not allowed to trace');

/** A call of the traced process; `begun` and `ended` are lines of the trace. */
interface Call {
  name: string;
  text: string;
  begun: number;
  ended: number;
}

/** Calls as strace writes them: in one line, or cut in two where another thread came between. */
const callsIn = (trace: string): Call[] => {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  for (const [line, text] of trace.split('\n').entries()) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(text) ?? [];
    const name = /^(\w+)\(/.exec(rest)?.[1];
    if (name !== undefined) {
      const call = { name, text: rest, begun: line, ended: line };
      calls.push(call);
      if (rest.endsWith('<unfinished ...>')) open.set(pid, Object.assign(call, { ended: Infinity }));
    } else if (rest.startsWith('<... ')) {
      const call = open.get(pid);
      if (call) Object.assign(call, { text: call.text + rest, ended: line });
    }
  }
  return calls;
};

const result = ({ text }: Call): number => Number(/= (-?\d+)(?: .*)?$/.exec(text)?.[1] ?? NaN);

it.skipIf(!hasStrace)('acknowledges a commit only after its pages, and then the page that makes them count, are on the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'worker-strace-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const trace = join(folder, 'trace');
  const { status } = spawnSync('strace', [
    '-f',
    '-s',
    '64',
    '-e',
    `trace=${CALLS}`,
    '-o',
    trace,
    process.execPath,
    CHILD,
    join(folder, 'store'),
    String(ROWS),
  ]);
  expect(status).toBe(0);
  const calls = callsIn(readFileSync(trace, 'utf8'));

  const opened = calls.filter(({ name, text }) => name === 'openat' && text.includes('store/data.mdb') && /O_RDWR|O_DSYNC/.test(text));
  const pages = opened.filter(({ text }) => !text.includes('O_DSYNC')).map(result);
  // Each write to this one returns when it is on the disk.
  const metas = opened.filter(({ text }) => text.includes('O_DSYNC')).map(result);
  expect([pages.length > 0, metas.length > 0]).toEqual([true, true]);
  const on = (files: number[], ...names: string[]) =>
    calls.filter(({ name, text }) => names.includes(name) && files.some((file) => new RegExp(`^\\w+\\(${file}\\b`).test(text)));
  const pageWrites = on(pages, 'write', 'writev', 'pwrite64', 'pwritev');
  const metaWrites = on(metas, 'write', 'writev', 'pwrite64', 'pwritev');
  const flushes = on(pages, 'fdatasync', 'fsync').filter((call) => result(call) === 0);

  let since = 0;
  for (let n = 1; n <= ROWS; n++) {
    const acknowledged = calls.find(({ name, text }) => name === 'write' && text.includes(`"committed ${n}\\n"`))?.begun ?? NaN;
    const within = ({ begun, ended }: Call): boolean => begun > since && ended < acknowledged;
    const written = Math.max(...pageWrites.filter(({ begun }) => begun > since && begun < acknowledged).map(({ ended }) => ended));
    const flushed = flushes.filter(within).find(({ begun }) => begun > written);
    const counts = flushed && metaWrites.filter(within).find(({ begun }) => begun > flushed.ended);
    expect({ n, written: Number.isFinite(written), flushed: flushed !== undefined, counts: counts !== undefined }).toEqual({
      n,
      written: true,
      flushed: true,
      counts: true,
    });
    since = acknowledged;
  }
});
