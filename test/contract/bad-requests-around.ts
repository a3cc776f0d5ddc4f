// Wrong questions about people and groups; none of them gets as far as the session, which is not connected.
import type { ErrorCode } from '../../shared/errors.js';
import type { BadRequest } from './bad-requests.js';

type Row = readonly [name: string, method: string, path: string, body: unknown, code?: ErrorCode];

const GROUP = '120363000000000001@g.us';
const NUMBER = '6281200000002';
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0]).toString('base64');

export const aroundRows = (sessionId: string): BadRequest[] => {
  const rows: Row[] = [
    ['a check of no numbers', 'POST', '/contacts/check', { numbers: [] }],
    ['a check of a number that is none', 'POST', '/contacts/check', { numbers: ['bob'] }],
    ['a check of numbers that are numbers', 'POST', '/contacts/check', { numbers: [6281200000002] }],
    ['a check of 101 numbers', 'POST', '/contacts/check', { numbers: Array.from({ length: 101 }, () => NUMBER) }],
    ['a check without a body', 'POST', '/contacts/check', undefined],
    ['the profile of a group', 'GET', `/contacts/${GROUP}`, undefined],
    ['the profile of a name', 'GET', '/contacts/bob', undefined],
    ['a picture of another size', 'GET', `/contacts/${NUMBER}/picture?size=huge`, undefined],
    ['a block of a group', 'PUT', `/blocks/${GROUP}`, undefined],
    ['an unblock of a name', 'DELETE', '/blocks/bob', undefined],
    ['a profile with an empty name', 'PUT', '/profile', { name: '' }],
    ['a profile with a name of 26 characters', 'PUT', '/profile', { name: 'x'.repeat(26) }],
    ['a profile with an about of 140 characters', 'PUT', '/profile', { about: 'x'.repeat(140) }],
    ['a profile with a picture that is no base64', 'PUT', '/profile', { picture: '?' }],
    ['a profile with a picture that is no JPEG', 'PUT', '/profile', { picture: Buffer.from('GIF89a').toString('base64') }],
    ['a profile with a picture that is too large', 'PUT', '/profile', { picture: JPEG.slice(0, 4) + 'A'.repeat(720_000) }],
    ['a presence that is none', 'PUT', '/presence', { presence: 'busy' }],
    ['a subscription to a group', 'POST', '/presence/subscribe', { to: GROUP }],
    ['the presence of a name', 'GET', '/presence/bob', undefined],
    ['presences in a page of events', 'GET', '/events?include=presence', undefined],
    ['a group without a subject', 'POST', '/groups', { participants: [NUMBER] }],
    ['a group with a long subject', 'POST', '/groups', { subject: 'x'.repeat(101), participants: [NUMBER] }],
    ['a group of nobody', 'POST', '/groups', { subject: 'x', participants: [] }],
    ['a group in a group', 'POST', '/groups', { subject: 'x', participants: [GROUP] }],
    ['a group of 257', 'POST', '/groups', { subject: 'x', participants: Array.from({ length: 257 }, () => NUMBER) }],
    ['a group by a number', 'GET', `/groups/${NUMBER}`, undefined],
    ['a group by a wrong address', 'GET', '/groups/x@g.us', undefined],
    ['a group that is to forget after a minute', 'PATCH', `/groups/${GROUP}`, { ephemeralSeconds: 60 }],
    ['a group that is locked by a word', 'PATCH', `/groups/${GROUP}`, { locked: 'yes' }],
    ['a group whose members are added by nobody', 'PATCH', `/groups/${GROUP}`, { memberAdd: 'nobody' }],
    ['a group picture without one', 'PUT', `/groups/${GROUP}/picture`, {}],
    ['an action on members that is none', 'POST', `/groups/${GROUP}/participants`, { action: 'kick', participants: [NUMBER] }],
    ['an action on members without one', 'POST', `/groups/${GROUP}/participants`, { action: 'add' }],
    ['a decision that is none', 'POST', `/groups/${GROUP}/requests`, { action: 'maybe', participants: [NUMBER] }],
    ['an invitation with a slash', 'POST', '/groups/join', { code: 'https://example.com/abcdefghij' }],
    ['an invitation that is short', 'GET', '/groups/invite/abc', undefined],
    ['groups by PUT', 'PUT', '/groups', {}, 'METHOD_NOT_ALLOWED'],
    ['blocks by POST', 'POST', `/blocks/${NUMBER}`, {}, 'METHOD_NOT_ALLOWED'],
    ['groups of a session that is not connected', 'GET', '/groups', undefined, 'SESSION_NOT_CONNECTED'],
    ['a leave in a session that is not connected', 'POST', `/groups/${GROUP}/leave`, undefined, 'SESSION_NOT_CONNECTED'],
    ['a picture in a session that is not connected', 'PUT', '/profile', { picture: JPEG }, 'SESSION_NOT_CONNECTED'],
  ];
  return rows.map(([name, method, path, body, code = 'INVALID_REQUEST']) => ({
    name,
    request: {
      ...{ method, path: `/session/${sessionId}${path}` },
      ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    },
    code,
  }));
};
