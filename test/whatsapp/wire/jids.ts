/** The server of phone-number addresses. */
export const PHONE_SERVER = 's.whatsapp.net';
/** The address of WhatsApp itself, as clients compare it. */
export const SERVER_JID = '@s.whatsapp.net';
/** The server of the hidden addresses (LIDs) that Signal sessions are keyed by. */
export const LID_SERVER = 'lid';

/** The server of group addresses. */
export const GROUP_SERVER = 'g.us';

/** An address taken apart. Device 0 is the phone. */
export interface Address {
  readonly user: string;
  readonly device: number;
  readonly server: string;
}

const JID = /^([0-9A-Za-z.-]+)(?:_\d+)?(?::(\d{1,3}))?@([a-z.]+)$/;

/** Reads `user[:device]@server`; undefined when it is nothing of the kind. */
export function parseJid(jid: string | undefined): Address | undefined {
  const match = JID.exec(jid ?? '');
  if (!match) return undefined;
  const [, user = '', device = '0', server = ''] = match;
  return { user, device: Number(device), server };
}

/** `user@server` for the phone, `user:device@server` for a companion. */
export function formatJid(user: string, device: number, server: string): string {
  return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`;
}

/** Whether an address is a group's. */
export function isGroupJid(jid: string | undefined): boolean {
  return parseJid(jid)?.server === GROUP_SERVER;
}
