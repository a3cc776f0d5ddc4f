import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What a client may call a session; also safe as a path segment and an object key. */
export const SessionId = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'a session id must be 1 to 100 characters of A-Z a-z 0-9 _ -');

const PN_DOMAIN = '@s.whatsapp.net';
const PHONE = /^\+?([1-9]\d{5,14})$/;
const PERSON_JID = /^(\d{5,20})(?::\d{1,3})?@(s\.whatsapp\.net|lid)$/;
const GROUP_JID = /^[\d-]{5,40}@g\.us$/;

/**
 * The address a message goes to: a number (`+6281…`, `6281…`), `…@s.whatsapp.net`, `…@lid` or `…@g.us`; a device suffix is dropped.
 * @returns the jid WhatsApp uses, or undefined when `input` is none of these
 */
export const toRecipientJid = (input: string): string | undefined => {
  const phone = PHONE.exec(input);
  if (phone?.[1]) return phone[1] + PN_DOMAIN;
  const person = PERSON_JID.exec(input);
  if (person?.[1] && person[2]) return `${person[1]}@${person[2]}`;
  return GROUP_JID.test(input) ? input : undefined;
};

/** `6281:12@s.whatsapp.net` → `6281@s.whatsapp.net`: the person, without the device. */
export const withoutDevice = (jid: string): string => jid.replace(/:\d+(?=@)/, '');

export const isLid = (jid: string): boolean => jid.endsWith('@lid');
export const isGroup = (jid: string): boolean => jid.endsWith('@g.us');

/** `6281:12@s.whatsapp.net` → `+6281`; undefined for anything that is not a phone-number jid. */
export const phoneNumberOf = (jid: string): string | undefined => {
  const match = PERSON_JID.exec(jid);
  return match?.[1] && match[2] === 's.whatsapp.net' ? `+${match[1]}` : undefined;
};

/** Of the two identities of one person, the phone-number one when known: one chat, one name. */
export const canonicalJid = (jid: string, alternative: string | undefined): string => {
  const own = withoutDevice(jid);
  return isLid(own) && alternative !== undefined && !isLid(alternative) ? withoutDevice(alternative) : own;
};

const LONGEST_KEY_PART = 200;

/** An identifier somebody else chose, as part of a store's key: as it is, or its hash when it is longer than any honest one. */
export const keyPart = (identifier: string): string =>
  identifier.length <= LONGEST_KEY_PART ? identifier : `sha256:${createHash('sha256').update(identifier).digest('hex')}`;
