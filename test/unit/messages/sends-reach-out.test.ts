import { expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { afterRefusal } from '../../../shared/domain/restriction.js';
import { AppError } from '../../../shared/errors.js';
import { eventually } from '../../fixtures/eventually.js';
import { ANNA, disconnect, failureOf, hold, reconnect, SENT_AT, setUp, text, untilGiven } from './sends-setting.js';

const BERT = '6289999999999@s.whatsapp.net';
const HOUR_MS = 60 * 60_000;
type Setting = Awaited<ReturnType<typeof setUp>>;

const toBert = (words: string, key?: string) => ({ ...text(words, key), to: BERT });
const annaWrites = async ({ store, history }: Setting): Promise<void> => {
  const message: Message = {
    ...{ id: 'IN1', chat: ANNA, from: ANNA, to: 'me', fromMe: false, type: 'text', content: 'Hi' },
    ...{ timestamp: Date.now(), status: 'delivered' },
  };
  await store.commit(history.append('s', message));
};
const restrict = async ({ registry }: Setting, until: number | undefined, now = Date.now()): Promise<void> =>
  registry.apply('s', 'note', 'reach_out_limited', {
    restricted: afterRefusal(registry.find('s')?.restricted, 'reach_out', until, now),
  });

it('writes only to people who wrote, and to groups, while the account is restricted, and says until when', async () => {
  const setting = await setUp();
  await annaWrites(setting);
  const until = Date.now() + HOUR_MS;
  await restrict(setting, until);
  for (const refused of [setting.sends.send(toBert('hello', 'key')), setting.sends.enqueue(toBert('hello'))]) {
    const failure = await failureOf(refused);
    expect(failure).toMatchObject({
      code: 'REACH_OUT_LIMITED',
      details: { kind: 'reach_out', until: new Date(until).toISOString(), told: true },
    });
    expect(failure.retryAfterSeconds).toBeGreaterThan(3_500);
  }
  await setting.sends.send(text('hello Anna'));
  await setting.sends.send({ ...text('hello all'), to: '120363000000000000@g.us' });
  expect(setting.given().map(({ text: words }) => words)).toEqual(['hello Anna', 'hello all']);
});

it('writes to somebody who wrote by either address', async () => {
  const setting = await setUp();
  const { store, history, sends } = setting;
  const lid = '77000000009@lid';
  const message: Message = {
    ...{ id: 'IN1', chat: ANNA, chatAlt: lid, from: ANNA, fromAlt: lid, pushName: 'Anna', to: 'me', fromMe: false, type: 'text' },
    ...{ content: 'Hi', timestamp: Date.now(), status: 'delivered' },
  };
  await store.commit(history.append('s', message));
  await restrict(setting, Date.now() + HOUR_MS);
  for (const to of [ANNA, lid]) expect(await sends.send({ ...text(`to ${to}`), to })).toMatchObject({ status: 'sent' });
  expect(await failureOf(sends.send({ ...text('hello'), to: '77000000010@lid' }))).toMatchObject({ code: 'REACH_OUT_LIMITED' });
});

it('ends what is queued for new people when the account is restricted, and sends the rest', async () => {
  const setting = await setUp();
  await annaWrites(setting);
  await disconnect(setting);
  await setting.sends.enqueue(toBert('to a stranger', 'key'));
  await setting.sends.enqueue(text('to Anna'));
  await reconnect(setting);
  await eventually(() => setting.sends.size === 0, 'both are sent');
  await disconnect(setting);
  await setting.sends.enqueue(toBert('to a stranger again'));
  await setting.registry.update('s', { restricted: afterRefusal(undefined, 'reach_out', Date.now() + HOUR_MS, Date.now()) });
  await setting.sends.enqueue(text('to Anna again'));
  await reconnect(setting);
  await eventually(() => setting.sends.size === 0, 'nothing waits');
  expect(setting.given().map(({ text: words }) => words)).toEqual(['to a stranger', 'to Anna', 'to Anna again']);
});

it('frees the key of what WhatsApp refused at the first try, and asks that person no more', async () => {
  const setting = await setUp();
  await annaWrites(setting);
  setting.fleet.answer = async () => {
    await restrict(setting, Date.now() + HOUR_MS);
    throw new AppError('REACH_OUT_LIMITED', 'WhatsApp limits this account.');
  };
  expect(await failureOf(setting.sends.send(text('hello', 'key')))).toMatchObject({ code: 'REACH_OUT_LIMITED' });
  expect(await failureOf(setting.sends.send(text('hello', 'key')))).toMatchObject({ code: 'REACH_OUT_LIMITED' });
  expect(setting.given()).toHaveLength(1);
});

it('tries with one message when WhatsApp did not say how long, and goes on with the others when it is taken', async () => {
  const setting = await setUp();
  await restrict(setting, undefined, Date.now() - HOUR_MS);
  const { confirm } = hold(setting.fleet);
  const first = setting.sends.send(toBert('may I?'));
  await untilGiven(setting, 1);
  expect(await failureOf(setting.sends.send(toBert('and I?')))).toMatchObject({ code: 'REACH_OUT_LIMITED', details: { trying: true } });
  confirm(0);
  expect(await first).toMatchObject({ status: 'sent', timestamp: SENT_AT });
  expect(setting.registry.find('s')).toMatchObject({ state: 'connected', reason: 'reach_out_lifted', restricted: undefined });
  const second = setting.sends.send(toBert('and I?'));
  await untilGiven(setting, 2);
  confirm(1);
  await second;
});

it('lifts the restriction when it ends as WhatsApp told', async () => {
  const setting = await setUp();
  await restrict(setting, Date.now() + 100);
  await eventually(() => setting.registry.find('s')?.restricted === undefined, 'it is lifted');
  expect(setting.registry.find('s')?.reason).toBe('reach_out_lifted');
  expect(await setting.sends.send(toBert('hello'))).toMatchObject({ status: 'sent' });
});
