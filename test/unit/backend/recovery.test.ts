import { describe, expect, it, onTestFinished } from 'vitest';
import type { BackendAnswer, BackendRequest } from '../../../supervisor/backend/backend-request.js';
import { whatsam } from '../../../supervisor/backend/dialects/whatsam.js';
import { Recovery } from '../../../supervisor/backend/recovery.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { RULES } from './whatsam-rules.js';

const PAIRED = { paired: true, everConnected: true, slot: 0, jid: '6281:1@s.whatsapp.net' } as const;
const LATER: BackendAnswer = { kind: 'failed', status: 503, sentence: 'Later', retryAfterMs: undefined };
const NOTHING: BackendAnswer = { kind: 'accepted', status: 200, body: {} };
const NO: BackendAnswer = { kind: 'refused', status: 404, sentence: 'No such worker', body: {} };

const setUp = async ({ waitMs = 5_000 } = {}) => {
  const registry = new Registry(closing(await openSupervisorStore(tempFolder())), quietLog());
  const calls: BackendRequest[] = [];
  const wanted: string[] = [];
  const state = {
    assigned: [] as string[],
    /** Instead of the right answers, one after the other. */
    answers: [] as BackendAnswer[],
    connect: async (sessionId: string): Promise<void> => registry.apply(sessionId, 'open', 'opened'),
  };
  const recovery = new Recovery({
    recovery: whatsam.recovery ?? expect.unreachable('whatsam asks for sessions back'),
    prefixes: whatsam.prefixes,
    registry,
    client: {
      call: async (request) => {
        calls.push(request);
        const data = request.method === 'GET' ? { sessions: state.assigned.map((sessionId) => ({ sessionId })) } : {};
        return Promise.resolve(state.answers.shift() ?? { kind: 'accepted', status: 200, body: { success: true, data } });
      },
    },
    sessions: {
      connect: async (sessionId) => {
        wanted.push(sessionId);
        await registry.apply(sessionId, 'connect', 'connect_requested', { desired: 'connected' });
        await state.connect(sessionId);
        return registry.view(sessionId);
      },
    },
    log: quietLog(),
    waitMs,
    retryMs: 5,
  });
  onTestFinished(() => {
    recovery.stop();
  });
  const add = async (
    sessionId: string,
    ...moves: Parameters<Registry['apply']> extends [string, ...infer R] ? R[] : never
  ): Promise<void> => {
    await registry.add({ sessionId, userId: undefined, sessionName: undefined });
    for (const move of moves) await registry.apply(sessionId, ...move);
    state.assigned.push(sessionId);
  };
  const told = (): Record<string, unknown> => calls.find(({ method }) => method === 'POST')?.body ?? {};
  return { registry, recovery, state, calls, wanted, add, told };
};

describe('a session that the backend wants back', () => {
  it('is connected when it is here and paired', async () => {
    const { recovery, add, wanted, told } = await setUp();
    await add('here', ['connect', 'connect_requested', PAIRED], ['stop', 'disconnect_requested']);
    await recovery.run('worker-001');
    expect(wanted).toEqual(['here']);
    expect(RULES.outcome.safeParse(told()).error).toBeUndefined();
    expect(told()).toMatchObject({
      totalSessions: 1,
      successfulRecoveries: 1,
      recoveryResults: [{ sessionId: 'here', status: 'SUCCESS' }],
    });
  });

  it('is waited for, and not asked for again, when it is on its way already', async () => {
    const { registry, recovery, add, wanted, told, calls } = await setUp();
    await add('coming', ['connect', 'resumed', { ...PAIRED, desired: 'connected' }]);
    await add('there', ['connect', 'resumed', { ...PAIRED, desired: 'connected' }], ['open', 'opened']);
    const run = recovery.run('worker-001');
    await eventually(() => calls.length === 1, 'the question');
    await registry.apply('coming', 'open', 'opened');
    await run;
    expect(wanted).toEqual([]);
    expect(told()).toMatchObject({ successfulRecoveries: 2, failedRecoveries: 0 });
  });

  it('has failed, with a sentence, when it is not here, does not connect, or does not connect in time', async () => {
    const { registry, recovery, state, add, told } = await setUp({ waitMs: 300 });
    state.assigned.push('elsewhere');
    await add('refused', ['connect', 'connect_requested', PAIRED], ['stop', 'disconnect_requested']);
    await add('slow', ['connect', 'resumed', { ...PAIRED, desired: 'connected' }]);
    await add('unopened', ['connect', 'connect_requested', PAIRED], ['stop', 'disconnect_requested']);
    state.connect = async (sessionId) => {
      if (sessionId === 'unopened') throw new Error('The runner is starting again.');
      await registry.apply(sessionId, 'fail', 'forbidden', { desired: 'disconnected' });
    };
    await recovery.run('worker-001');
    expect(told()).toMatchObject({ totalSessions: 4, successfulRecoveries: 0, failedRecoveries: 4 });
    const sentences = told()['recoveryResults'] as { sessionId: string; error: string }[];
    expect(sentences.map(({ sessionId, error }) => [sessionId, error])).toEqual([
      ['elsewhere', expect.stringContaining('credentials are not here')],
      ['refused', expect.stringContaining('refused this account')],
      ['slow', expect.stringContaining('goes on trying')],
      ['unopened', 'The runner is starting again.'],
    ]);
  });

  it('is skipped when nobody scanned it, or when it is connected elsewhere', async () => {
    const { recovery, add, wanted, told } = await setUp();
    await add('unpaired');
    await add('replaced', ['connect', 'connect_requested', PAIRED], ['open', 'opened'], ['stop', 'replaced', { desired: 'disconnected' }]);
    await recovery.run('worker-001');
    expect(wanted).toEqual([]);
    expect(told()).toMatchObject({ totalSessions: 2, successfulRecoveries: 0, failedRecoveries: 0 });
    expect(told()['recoveryResults']).toMatchObject([{ status: 'SKIPPED' }, { status: 'SKIPPED' }]);
  });
});

describe('the calls of a recovery', () => {
  it('are none but the question when nothing is wanted back', async () => {
    const { recovery, calls } = await setUp();
    await recovery.run('worker-001');
    expect(calls).toEqual([{ method: 'GET', path: '/api/workers/worker-001/sessions/assigned' }]);
  });

  it('are tried again when they fail', async () => {
    const { recovery, state, add, calls, told } = await setUp();
    await add('here', ['connect', 'connect_requested', PAIRED], ['stop', 'disconnect_requested']);
    state.answers.push(LATER, LATER);
    await recovery.run('worker-001');
    expect(calls.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'POST']);
    expect(told()).toMatchObject({ successfulRecoveries: 1 });
  });

  it.each([
    ['a few times', [LATER, LATER, LATER, LATER, LATER], 4],
    ['once when they are refused', [NO, NO], 1],
    ['once when the answer makes no sense', [NOTHING], 1],
  ])('are made %s, and then let be', async (_name, answers, count) => {
    const { recovery, state, calls } = await setUp();
    state.answers.push(...answers);
    await recovery.run('worker-001');
    expect(calls).toHaveLength(count);
  });

  it('belong to one run at a time', async () => {
    const { recovery, calls } = await setUp();
    await Promise.all([recovery.run('worker-001'), recovery.run('worker-001')]);
    expect(calls).toHaveLength(1);
  });

  it('end with a stop', async () => {
    const { recovery, add, calls } = await setUp({ waitMs: 60_000 });
    await add('slow', ['connect', 'resumed', { ...PAIRED, desired: 'connected' }]);
    const run = recovery.run('worker-001');
    await eventually(() => calls.length === 1, 'the question');
    recovery.stop();
    await run;
    expect(calls).toHaveLength(1);
  });
});
