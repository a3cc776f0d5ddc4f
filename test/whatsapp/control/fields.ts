import { z } from 'zod';
import type { Account } from '../accounts/account.js';
import type { Companion } from '../accounts/companion.js';
import type { Group } from '../groups/group.js';
import { ControlError } from './control-error.js';
import type { Call } from './route.js';

export const phoneNumber = z.string().regex(/^[1-9]\d{6,14}$/, 'a number is 7 to 15 digits');
export const groupJid = z.string().regex(/^[\d-]{5,40}@g\.us$/, 'a group is digits@g.us');
export const messageId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'an id is 1 to 64 letters, digits, dots, dashes or underscores');

/** The phone in the path. */
export function accountOf({ world, params }: Call<unknown, unknown>): Account {
  return world.directory.byNumber(params['number'] ?? '');
}

/** The linked device in the path. */
export function companionOf(call: Call<unknown, unknown>): Companion {
  const companion = accountOf(call).companions.get(Number(call.params['device']));
  if (!companion) throw new ControlError(404, 'DEVICE_NOT_FOUND', 'that phone has no such linked device');
  return companion;
}

/** The group in the path. */
export function groupOf({ world, params }: Call<unknown, unknown>): Group {
  return world.groups.byJid(params['jid'] ?? '');
}
