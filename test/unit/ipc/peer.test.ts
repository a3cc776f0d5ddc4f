import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../shared/errors.js';
import type { CallOptions } from '../../../shared/ipc/client.js';
import { Peer } from '../../../shared/ipc/peer.js';
import type { CallContext } from '../../../shared/ipc/server.js';
import { channelPair } from '../../fixtures/channel-pair.js';
import { eventually } from '../../fixtures/eventually.js';
import { quietLog } from '../../fixtures/quiet-log.js';

const CALLS = {
  double: { params: z.object({ n: z.number() }), result: z.object({ n: z.number() }), deadlineMs: 5_000 },
  wait: { params: z.object({}), result: z.object({}), deadlineMs: 5_000 },
} as const;
const EVENTS = { said: z.object({ what: z.string() }) } as const;
const NONE = {};

const setUp = (double: (params: { n: number }, context: CallContext) => Promise<{ n: number }>, maxInFlight = 256) => {
  const pair = channelPair();
  const heard: string[] = [];
  const aborted: unknown[] = [];
  const log = quietLog();
  const server = new Peer<typeof NONE, typeof CALLS, typeof EVENTS, typeof NONE>({
    channel: pair.right,
    calls: NONE,
    served: CALLS,
    handlers: {
      double,
      wait: async (_params, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason);
            reject(new Error('given up'));
          });
        }),
    },
    heard: EVENTS,
    listeners: { said: ({ what }) => heard.push(what) },
    log,
  });
  const client = new Peer<typeof CALLS, typeof NONE, typeof NONE, typeof EVENTS>({
    channel: pair.left,
    calls: CALLS,
    served: NONE,
    handlers: NONE,
    heard: NONE,
    listeners: NONE,
    maxInFlight,
    log,
  });
  return { pair, client, server, heard, aborted };
};

const doubling = async ({ n }: { n: number }) => Promise.resolve({ n: n * 2 });
const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );

describe('a call', () => {
  it('is answered', async () => {
    const { client } = setUp(doubling);
    const answer = await client.call('double', { n: 21 });
    expectTypeOf(answer).toEqualTypeOf<{ n: number }>();
    expect(answer).toEqual({ n: 42 });
  });

  it('does not compile with a wrong name or wrong params', () => {
    const { client } = setUp(doubling);
    const never = async (): Promise<void> => {
      // @ts-expect-error there is no such method
      await client.call('triple', { n: 1 });
      // @ts-expect-error a string is no number
      await client.call('double', { n: '1' });
      // @ts-expect-error there is no such event
      client.emit('whispered', { what: 'x' });
    };
    expect(never).toBeTypeOf('function');
  });

  it('carries the code and sentence of an AppError back', async () => {
    const { client } = setUp(async () => Promise.reject(new AppError('SESSION_NOT_FOUND', 'There is no such session.')));
    await expect(client.call('double', { n: 1 })).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
      message: 'There is no such session.',
    });
  });

  it('turns any other failure into INTERNAL without its message', async () => {
    const { client } = setUp(async () => Promise.reject(new Error('the password is 1234')));
    const error: unknown = await client.call('double', { n: 1 }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify([error, String(error)])).not.toContain('1234');
  });

  it('settles although its result is no JSON', async () => {
    const { client } = setUp(async () => Promise.resolve({ n: 1n } as unknown as { n: number }));
    expect(await codeOf(client.call('double', { n: 1 }))).toBe('INTERNAL');
  });

  it('settles although its params are no JSON', async () => {
    const { client } = setUp(doubling);
    expect(await codeOf(client.call('double', { n: 1n as unknown as number }))).toBe('INTERNAL');
  });

  it('is refused when its params or its result do not fit', async () => {
    const { client } = setUp(async () => Promise.resolve({ n: 'many' } as unknown as { n: number }));
    expect(await codeOf(client.call('double', { n: 'x' as unknown as number }))).toBe('INTERNAL');
    expect(await codeOf(client.call('double', { n: 1 }))).toBe('INTERNAL');
  });

  it('ends at its deadline, tells the other side to stop, and drops the late answer', async () => {
    let answer: (result: { n: number }) => void = () => undefined;
    const signals: AbortSignal[] = [];
    const { client } = setUp(async (_params, { signal }) => {
      signals.push(signal);
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    expect(await codeOf(client.call('double', { n: 1 }, { deadlineMs: 20 }))).toBe('DEADLINE_EXCEEDED');
    await eventually(() => signals[0]?.aborted === true, 'the handler heard of it');
    answer({ n: 2 });
    expect(client.stats.inFlight).toBe(0);
  });

  it('tells a handler that asks only then that its caller has given up', async () => {
    const contexts: CallContext[] = [];
    const { client } = setUp(async ({ n }, context) => {
      contexts.push(context);
      return n === 1 ? new Promise(() => undefined) : Promise.resolve({ n });
    });
    expect(await codeOf(client.call('double', { n: 1 }, { deadlineMs: 20 }))).toBe('DEADLINE_EXCEEDED');
    // Its answer comes after the other side has heard of that.
    await client.call('double', { n: 2 });
    const signals = contexts.map(({ signal }) => signal);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(contexts[0]?.signal).toBe(signals[0]);
  });

  it('ends when its signal aborts', async () => {
    const { client, aborted } = setUp(doubling);
    const controller = new AbortController();
    const call = client.call('wait', {}, { signal: controller.signal });
    await new Promise(setImmediate);
    controller.abort(new AppError('DRAINING', 'no more'));
    expect(await codeOf(call)).toBe('DRAINING');
    await eventually(() => aborted.length === 1, 'the handler heard of it');
    expect(await codeOf(client.call('wait', {}, { signal: controller.signal }))).toBe('DRAINING');
  });

  it('ends when the channel closes, and so does every later one', async () => {
    const { client, pair, aborted } = setUp(doubling);
    const call = client.call('wait', {});
    await new Promise(setImmediate);
    pair.close();
    expect(await codeOf(call)).toBe('RUNNER_UNAVAILABLE');
    expect(await codeOf(client.call('double', { n: 1 }))).toBe('RUNNER_UNAVAILABLE');
    expect(aborted).toHaveLength(1);
  });

  it('is refused with BUSY when too many are in flight', async () => {
    const { client, pair } = setUp(doubling, 2);
    const calls = [client.call('wait', {}), client.call('wait', {}), client.call('wait', {})].map(codeOf);
    expect(await calls[2]).toBe('BUSY');
    pair.close();
    expect(await Promise.all(calls)).toEqual(['RUNNER_UNAVAILABLE', 'RUNNER_UNAVAILABLE', 'BUSY']);
  });

  it('is answered although the handler throws at once or there is no such method', async () => {
    const { client } = setUp(() => {
      throw new Error('at once');
    });
    expect(await codeOf(client.call('double', { n: 1 }))).toBe('INTERNAL');
    const untyped = client as unknown as { call(method: string, params: object, options: CallOptions): Promise<unknown> };
    // Only known methods have a deadline of their own.
    expect(await codeOf(untyped.call('constructor', {}, { deadlineMs: 5_000 }))).toBe('INTERNAL');
  });

  it('settles exactly once, whatever answers, deadlines, aborts and the end of the channel do', async () => {
    const plan = fc.record({
      answerMs: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
      fails: fc.boolean(),
      deadlineMs: fc.integer({ min: 0, max: 12 }),
      abortMs: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 15 }), async (plans, closeMs) => {
        const { client, pair } = setUp(async ({ n }) => {
          const one = plans[n];
          if (one?.answerMs === undefined) return new Promise(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, one.answerMs));
          if (one.fails) throw new AppError('RATE_LIMITED', 'slower');
          return { n: n * 2 };
        });
        const settled = plans.map(() => 0);
        const calls = plans.map(async ({ deadlineMs, abortMs }, n) => {
          const signal = abortMs === undefined ? undefined : AbortSignal.timeout(abortMs);
          const code = await codeOf(client.call('double', { n }, signal ? { deadlineMs, signal } : { deadlineMs }));
          settled[n] = (settled[n] ?? 0) + 1;
          return code;
        });
        setTimeout(pair.close, closeMs);
        const codes = await Promise.all(calls);
        expect(settled.every((times) => times === 1)).toBe(true);
        for (const code of codes) expect(code).toMatch(/^(ok|RATE_LIMITED|DEADLINE_EXCEEDED|RUNNER_UNAVAILABLE|TimeoutError.*)$/);
        expect(client.stats.inFlight).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a peer', () => {
  it('hears events in order, and an answer never overtakes an event before it', async () => {
    const { client, heard } = setUp(doubling);
    const order: string[] = [];
    client.emit('said', { what: 'one' });
    client.emit('said', { what: 'two' });
    await client.call('double', { n: 1 });
    order.push(...heard, 'answer');
    expect(order).toEqual(['one', 'two', 'answer']);
  });

  it('counts garbage and goes on', async () => {
    const { client, server, pair, heard } = setUp(doubling);
    const garbage = [7, null, 'x', [], { t: 'event' }, { t: 'event', name: 'said', data: 5 }, { t: 'event', name: '__proto__', data: {} }];
    for (const frame of garbage) pair.left.send([frame as never], () => undefined);
    pair.left.send([{ t: 'ok', id: 77, result: {} }], () => undefined);
    await expect(client.call('double', { n: 2 })).resolves.toEqual({ n: 4 });
    expect(server.stats).toMatchObject({ garbage: garbage.length, late: 1 });
    expect(heard).toEqual([]);
  });

  it('never throws into the channel, whatever arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.jsonValue(),
            fc.record({ t: fc.constantFrom('call', 'ok', 'err', 'cancel', 'event'), id: fc.nat(3) }, { requiredKeys: ['t'] }),
          ),
        ),
        async (frames) => {
          const { client, pair } = setUp(doubling);
          for (const frame of frames) pair.left.send([frame as never], () => undefined);
          expect(await codeOf(client.call('double', { n: 2 }))).toBe('ok');
        },
      ),
      { numRuns: 50 },
    );
  });

  it('tells once that it closed, also who asks afterwards', () => {
    const { client, pair } = setUp(doubling);
    const told: string[] = [];
    client.onClose(() => told.push('before'));
    pair.close();
    client.close();
    client.onClose(() => told.push('after'));
    expect(told).toEqual(['before', 'after']);
  });
});
