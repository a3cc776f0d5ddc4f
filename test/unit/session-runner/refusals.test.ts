import { expect, test } from 'vitest';
import { refusalOf } from '../../../session-runner/queries/refusals.js';
import { AppError } from '../../../shared/errors.js';
import type { QueryName } from '../../../shared/ipc/queries.js';

/** As Baileys throws it for an error that was answered. */
const answered = (code: number): Error => Object.assign(new Error('word'), { data: code, output: { statusCode: 500 } });

test.each<[QueryName, number, string]>([
  ['numbers.check', 400, 'WHATSAPP_REFUSED'],
  ['contacts.profile', 401, 'NOT_PERMITTED'],
  ['blocks.set', 404, 'NOT_FOUND'],
  ['profile.about', 406, 'WHATSAPP_REFUSED'],
  ['profile.picture', 406, 'WHATSAPP_REFUSED'],
  ['groups.list', 408, 'DEADLINE_EXCEEDED'],
  ['groups.change', 409, 'CONFLICT'],
  ['groups.create', 419, 'WHATSAPP_REFUSED'],
  ['numbers.check', 429, 'RATE_LIMITED'],
  ['numbers.check', 463, 'WHATSAPP_REFUSED'],
  ['groups.get', 500, 'WHATSAPP_UNAVAILABLE'],
  ['groups.get', 503, 'WHATSAPP_UNAVAILABLE'],
  ['groups.get', 599, 'WHATSAPP_UNAVAILABLE'],
  ['groups.get', 403, 'NOT_GROUP_MEMBER'],
  ['groups.get', 404, 'GROUP_NOT_FOUND'],
  ['groups.leave', 404, 'GROUP_NOT_FOUND'],
  ['groups.members', 403, 'NOT_GROUP_ADMIN'],
  ['groups.invite', 401, 'NOT_GROUP_ADMIN'],
  ['groups.join', 403, 'NOT_PERMITTED'],
  ['groups.join', 406, 'INVITE_NOT_VALID'],
  ['groups.join', 409, 'ALREADY_GROUP_MEMBER'],
  ['groups.join', 410, 'INVITE_NOT_VALID'],
  ['groups.byInvite', 404, 'INVITE_NOT_VALID'],
])('%s answered with %i is %s', (name, code, expected) => {
  const error = refusalOf(name, answered(code));
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe(expected);
  expect((error as AppError).message).toMatch(/^[A-Z].*\.$/);
});

test('a group whose answer could not be read is told by the code in it', () => {
  const unreadable = Object.assign(new Error('x'), { data: { tag: 'error' }, output: { statusCode: 403 } });
  expect(refusalOf('groups.get', unreadable)).toMatchObject({ code: 'NOT_GROUP_MEMBER' });
});

test('a connection that ends leaves the session without an answer', () => {
  expect(refusalOf('groups.get', Object.assign(new Error('x'), { output: { statusCode: 428 } }))).toMatchObject({
    code: 'SESSION_NOT_CONNECTED',
  });
});

test('what is no answer of WhatsApp stays what it is', () => {
  for (const error of [new TypeError('undefined has no tag'), undefined, null, 'text', { data: {} }]) {
    expect(refusalOf('groups.get', error)).toBe(error);
  }
  const own = new AppError('NOT_SUPPORTED', 'No.');
  expect(refusalOf('groups.get', own)).toBe(own);
});
