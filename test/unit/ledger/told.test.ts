import { expect, it } from 'vitest';
import { breaksIn, untoldOf, type Told } from '../../support/ledger/told.js';
import type { Accepted } from '../../support/ledger/traffic.js';

const A = '6281200000001';
const B = '6281200000002';
const SENT: Accepted = {
  ...{ text: 'hello', id: 'M1', acceptedAt: new Date(0), from: A, to: B },
  keyed: { sessionId: 'a', key: 'k', form: 'direct', attempts: 1 },
};

const told = (number: string, ...events: Record<string, unknown>[]): Told => ({
  sessionId: number === A ? 'a' : 'b',
  number,
  events: events.map((event, n) => ({ seq: n + 1, type: 'message', messageId: 'M1', ...event })),
});
const sentOnce = told(A, {}, { type: 'message.status', status: 'sent' }, { type: 'message.status', status: 'delivered' });

it('finds nothing where everything is told once', () => {
  expect(untoldOf([sentOnce, told(B, {})], [SENT], new Set())).toEqual([]);
  expect(breaksIn(sentOnce)).toEqual([]);
});

it.each([
  [
    'the message is not told to its sender',
    [told(A, { type: 'message.status', status: 'sent' }), told(B, {})],
    'lost',
    'events of the sender',
  ],
  ['it is told twice', [told(A, {}, {}, { type: 'message.status', status: 'sent' }), told(B, {})], 'doubled', 'events of the sender'],
  ['no outcome is told', [told(A, {}), told(B, {})], 'lost', 'outcomes told to the sender'],
  [
    'one outcome is told twice',
    [told(A, {}, { type: 'message.status', status: 'sent' }, { type: 'message.status', status: 'sent' }), told(B, {})],
    'doubled',
    'outcomes told to the sender',
  ],
  ['it is not told to its receiver', [sentOnce, told(B, { messageId: 'another' })], 'lost', 'events of the receiver'],
  ['it is told to its receiver twice', [sentOnce, told(B, {}, {})], 'doubled', 'events of the receiver'],
] as const)('finds that %s', (_, all, kind, where) => {
  expect(untoldOf(all, [SENT], new Set())).toMatchObject([{ kind, where }]);
});

it('lets a message that could not be read at first be told again, and asks nothing of phones', () => {
  expect(untoldOf([sentOnce, told(B, {}, {})], [SENT], new Set(['M1']))).toEqual([]);
  expect(untoldOf([], [{ ...SENT, keyed: undefined }], new Set())).toEqual([]);
});

it('finds gaps, repeats, and a beginning that is missing', () => {
  const numbers = (...all: number[]): Told => told(A, ...all.map((seq) => ({ seq })));
  expect(breaksIn(numbers(1, 2, 4))).toEqual(['after event 2 of a came 4']);
  expect(breaksIn(numbers(1, 2, 2))).toEqual(['after event 2 of a came 2']);
  expect(breaksIn(numbers(2))).toEqual(['after event 0 of a came 2']);
});
