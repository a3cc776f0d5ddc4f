import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outbox, type Sent } from '../../../shared/ipc/outbox.js';
import type { Frame } from '../../../shared/ipc/protocol.js';
import { quietLog } from '../../fixtures/quiet-log.js';

const event = (data: unknown): Frame => ({ t: 'event', name: 'beat', data });
const call = (id: number): Frame => ({ t: 'call', id, method: 'm', params: {} });

/** An outbox whose sends the test finishes by hand. */
const heldOutbox = (maxEvents = 1_000) => {
  const written: Frame[] = [];
  const sends: (readonly Frame[])[] = [];
  const open: Sent[] = [];
  let mostOpen = 0;
  const outbox = new Outbox({
    send: (frames, sent) => {
      written.push(...frames);
      sends.push(frames);
      open.push(sent);
      mostOpen = Math.max(mostOpen, open.length);
    },
    maxEvents,
    log: quietLog(),
  });
  return { outbox, written, sends, finish: (error: Error | null = null) => open.shift()?.(error), mostOpen: () => mostOpen };
};

describe('the outbox', () => {
  it('has one send outstanding and keeps the order of calls and events', () => {
    const { outbox, written, finish, mostOpen } = heldOutbox();
    const frames = [event(1), call(2), event(3), call(4)];
    for (const frame of frames) {
      if (frame.t === 'event') outbox.emit(frame);
      else outbox.post(frame);
    }
    expect(written).toHaveLength(1);
    for (let i = 0; i < 10; i += 1) finish();
    expect(written).toEqual(frames);
    expect(mostOpen()).toBe(1);
  });

  it('sends together what came to wait, a bounded number at a time', () => {
    const { outbox, sends, finish } = heldOutbox();
    for (let id = 1; id <= 20; id++) outbox.post(call(id));
    for (let i = 0; i < 5; i += 1) finish();
    expect(sends.map((frames) => frames.length)).toEqual([1, 8, 8, 3]);
  });

  it('sends apart what does not go together, and tells only whose frame is no JSON', () => {
    const { outbox, sends, finish } = heldOutbox();
    const failures: number[] = [];
    for (let id = 1; id <= 5; id++) outbox.post(call(id), () => failures.push(id));
    finish();
    expect(sends.at(-1)).toHaveLength(4);
    finish(new TypeError('no JSON'));
    finish();
    outbox.post(call(6));
    finish(new TypeError('no JSON'));
    for (let i = 0; i < 5; i += 1) finish();
    expect(sends.slice(2).map((frames) => frames.map((frame) => frame.t === 'call' && frame.id))).toEqual([[2], [3], [4], [5], [6]]);
    expect(failures).toEqual([3]);
  });

  it('keeps only the newest event of a key, at the end', () => {
    const { outbox, written, finish } = heldOutbox();
    outbox.emit(event('first'));
    outbox.emit(event('beat 1'), 'beat');
    outbox.emit(event('fact'));
    outbox.emit(event('beat 2'), 'beat');
    for (let i = 0; i < 5; i += 1) finish();
    expect(written.map((frame) => frame.t === 'event' && frame.data)).toEqual(['first', 'fact', 'beat 2']);
    expect(outbox.stats.coalesced).toBe(1);
  });

  it('drops the oldest event with a key when it is full, and refuses when there is none', () => {
    const { outbox, written, finish } = heldOutbox(2);
    outbox.post(call(1));
    expect(outbox.emit(event('beat'), 'beat')).toBe(true);
    expect(outbox.emit(event('fact 1'))).toBe(true);
    expect(outbox.emit(event('fact 2'))).toBe(true);
    expect(outbox.emit(event('fact 3'))).toBe(false);
    for (let i = 0; i < 5; i += 1) finish();
    expect(written.slice(1).map((frame) => frame.t === 'event' && frame.data)).toEqual(['fact 1', 'fact 2']);
    expect(outbox.stats.dropped).toBe(2);
  });

  it('goes on after a send that failed and tells who sent it', () => {
    const { outbox, written, finish } = heldOutbox();
    const failures: string[] = [];
    outbox.post(call(1), (error) => failures.push(error.message));
    outbox.post(call(2));
    finish(new Error('EPIPE'));
    expect(failures).toEqual(['EPIPE']);
    expect(written).toHaveLength(2);
    expect(outbox.stats.unsent).toBe(1);
  });

  it('gives back only what was not sent yet', () => {
    const { outbox, written, finish } = heldOutbox();
    const [first, second] = [call(1), call(2)];
    outbox.post(first);
    outbox.post(second);
    expect(outbox.withdraw(first)).toBe(false);
    expect(outbox.withdraw(second)).toBe(true);
    finish();
    expect(written).toEqual([first]);
  });

  it('takes nothing after it was closed', () => {
    const { outbox, written, finish } = heldOutbox();
    outbox.post(call(1));
    outbox.post(call(2));
    outbox.close();
    finish();
    outbox.post(call(3));
    expect(outbox.emit(event(1))).toBe(false);
    expect(written).toEqual([call(1)]);
    expect(outbox.stats.waiting).toBe(0);
  });

  it('never loses a call, never reorders, never exceeds its bound, and delivers the newest of each key', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('post' as const) }),
      fc.record({ do: fc.constant('emit' as const), key: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }) }),
      fc.record({ do: fc.constant('finish' as const), fails: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, maxEvents) => {
        const { outbox, written, finish, mostOpen } = heldOutbox(maxEvents);
        const posted: number[] = [];
        const taken = new Map<number, string | undefined>();
        for (const [id, one] of steps.entries()) {
          if (one.do === 'post') {
            outbox.post(call(id));
            posted.push(id);
          } else if (one.do === 'finish') finish(one.fails ? new Error('EPIPE') : null);
          else if (outbox.emit(event(id), one.key)) taken.set(id, one.key);
          const waiting = outbox.stats.waiting - posted.filter((p) => !written.some((f) => f.t === 'call' && f.id === p)).length;
          expect(waiting).toBeLessThanOrEqual(maxEvents);
        }
        for (let i = 0; i <= steps.length; i += 1) finish();
        const ids = written.map((frame) => (frame.t === 'call' ? frame.id : frame.t === 'event' ? (frame.data as number) : -1));
        expect(ids).toEqual([...ids].sort((a, b) => a - b));
        expect(ids.filter((id) => posted.includes(id))).toEqual(posted);
        for (const [id, key] of taken) if (key === undefined) expect(ids).toContain(id);
        expect(ids.length + outbox.stats.coalesced + outbox.stats.dropped).toBe(
          posted.length + steps.filter((one) => one.do === 'emit').length,
        );
        expect(mostOpen()).toBeLessThanOrEqual(1);
      }),
    );
  });
});
