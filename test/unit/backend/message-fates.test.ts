import { expect, it, onTestFinished } from 'vitest';
import type { BackendAnswer, BackendRequest } from '../../../supervisor/backend/backend-request.js';
import type { MessageFate } from '../../../supervisor/backend/dialects/dialect.js';
import { whatsam } from '../../../supervisor/backend/dialects/whatsam.js';
import { MessageFates } from '../../../supervisor/backend/message-fates.js';
import { eventually } from '../../fixtures/eventually.js';
import { quietLog } from '../../fixtures/quiet-log.js';

const ACCEPTED: BackendAnswer = { kind: 'accepted', status: 200, body: {} };
const UNKNOWN: BackendAnswer = { kind: 'refused', status: 404, sentence: 'Message not found', body: {} };
const fate = (messageId: string, status: MessageFate['status'] = 'sent'): MessageFate => ({ sessionId: 's', messageId, status, at: 0 });

const setUp = ({
  spare = () => true,
  answer = ACCEPTED,
  limit = 500,
}: { spare?: () => boolean; answer?: BackendAnswer; limit?: number } = {}) => {
  const told: string[] = [];
  let pending: (() => void) | undefined;
  const state = { hold: false };
  const fates = new MessageFates({
    client: {
      call: async ({ body }: BackendRequest) => {
        told.push(`${String(body?.['messageId'])} ${String(body?.['status'])}`);
        if (state.hold) await new Promise<void>((resolve) => (pending = resolve));
        return answer;
      },
    },
    messageStatus: whatsam.messageStatus ?? expect.unreachable('whatsam is told'),
    prefixes: whatsam.prefixes,
    budget: { takeSpare: spare },
    log: quietLog(),
    limit,
    pauseMs: 5,
  });
  onTestFinished(() => {
    fates.stop();
  });
  return { fates, told, state, release: () => pending?.() };
};

it('tells each fate once, in order, from the start on', async () => {
  const { fates, told } = setUp();
  fates.moved(fate('a'));
  fates.moved(fate('b', 'failed'));
  expect(told).toEqual([]);
  fates.start();
  await eventually(() => told.length === 2, 'two calls');
  fates.moved(fate('a', 'delivered'));
  await eventually(() => fates.counts().accepted === 3, 'the third');
  expect(told).toEqual(['a SENT', 'b FAILED', 'a DELIVERED']);
});

it('counts and forgets what the backend does not want', async () => {
  const { fates, told } = setUp({ answer: UNKNOWN });
  fates.start();
  fates.moved(fate('a'));
  await eventually(() => fates.counts().unwanted === 1, 'an answer');
  expect(told).toEqual(['a SENT']);
  expect(fates.counts()).toEqual({ accepted: 0, unwanted: 1, dropped: 0, waiting: 0 });
});

it('leaves the budget to reports and goes on when there is some to spare', async () => {
  let spare = false;
  const { fates, told } = setUp({ spare: () => spare });
  fates.start();
  fates.moved(fate('a'));
  expect(fates.counts().waiting).toBe(1);
  expect(told).toEqual([]);
  spare = true;
  await eventually(() => told.length === 1, 'a call');
});

it('keeps the newest when there are too many, and only the newest fate of a message', () => {
  const { fates } = setUp({ limit: 2 });
  fates.moved(fate('a'));
  fates.moved(fate('b'));
  fates.moved(fate('a', 'read'));
  expect(fates.counts()).toMatchObject({ waiting: 2, dropped: 0 });
  fates.moved(fate('c'));
  expect(fates.counts()).toMatchObject({ waiting: 2, dropped: 1 });
});

it('makes one call at a time, and none after its stop', async () => {
  const { fates, told, state, release } = setUp();
  state.hold = true;
  fates.start();
  for (const id of ['a', 'b', 'c']) fates.moved(fate(id));
  await eventually(() => told.length === 1, 'the first call');
  fates.stop();
  release();
  await eventually(() => fates.counts().accepted === 1, 'its answer');
  fates.moved(fate('d'));
  expect(told).toEqual(['a SENT']);
  expect(fates.counts().waiting).toBe(0);
});
