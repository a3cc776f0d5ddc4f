import { describe, expect, it } from 'vitest';
import { exitVerdict, type ExitFacts } from '../../../supervisor/fleet/exit-verdict.js';
import { createOomKillCounter } from '../../../supervisor/fleet/oom-kills.js';

const ended = (facts: Partial<ExitFacts>) =>
  exitVerdict({ code: null, signal: null, weSent: undefined, oomKills: 0, stderr: [], ...facts });
const heapFull = ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'];

describe('the verdict on an exit', () => {
  it.each([
    ['code 0 is clean', { code: 0 }, 'clean'],
    ['code 1 is a crash', { code: 1 }, 'crash'],
    ['code 75 is a crash', { code: 75 }, 'crash'],
    ['code 78 is config', { code: 78 }, 'config'],
    ['code 78 is config even when we ended it', { code: 78, weSent: 'fault' }, 'config'],
    ['a SIGKILL that we did not send is killed', { signal: 'SIGKILL' }, 'killed'],
    ['a SIGTERM that we did not send is killed', { signal: 'SIGTERM' }, 'killed'],
    ['a SIGKILL with a kernel OOM kill is oom', { signal: 'SIGKILL', oomKills: 1 }, 'oom'],
    ['a SIGKILL of ours is no OOM kill', { signal: 'SIGKILL', oomKills: 1, weSent: 'fault' }, 'crash'],
    ['a full V8 heap that aborts is oom', { signal: 'SIGABRT', stderr: heapFull }, 'oom'],
    ['a full V8 heap with the code of a shell is oom', { code: 134, stderr: heapFull }, 'oom'],
    ['a clean exit after talk of memory is clean', { code: 0, stderr: heapFull }, 'clean'],
    ['an abort without a full heap is a crash', { signal: 'SIGABRT' }, 'crash'],
    ['a segmentation fault is a crash', { signal: 'SIGSEGV' }, 'crash'],
    ['a SIGTERM of ours that asked it to go is clean', { signal: 'SIGTERM', weSent: 'stop' }, 'clean'],
    ['a SIGKILL of ours after it was asked to go is clean', { signal: 'SIGKILL', weSent: 'stop' }, 'clean'],
    ['a code of its own after it was asked to go is a crash', { code: 1, weSent: 'stop' }, 'crash'],
    ['a SIGTERM of ours for silence is a crash', { signal: 'SIGTERM', weSent: 'fault' }, 'crash'],
    ['a polite exit after our SIGTERM for silence is a crash', { code: 0, weSent: 'fault' }, 'crash'],
    ['no process at all is a crash', {}, 'crash'],
  ] satisfies [string, Partial<ExitFacts>, string][])('%s', (_, facts, verdict) => {
    expect(ended(facts)).toBe(verdict);
  });
});

describe('the count of kernel OOM kills', () => {
  it('gives each kill to one asker', () => {
    let kills = 3;
    const take = createOomKillCounter(() => kills);
    expect(take()).toBe(0);
    kills = 5;
    expect([take(), take(), take()]).toEqual([1, 1, 0]);
  });

  it('can be read on this machine without an exception', () => {
    expect(createOomKillCounter()()).toBeTypeOf('number');
  });
});
