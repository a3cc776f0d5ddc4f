import type { Companion } from '../accounts/companion.js';
import { targets } from '../faults/matching.js';
import { isGroupJid, parseJid } from '../wire/jids.js';
import type { World } from '../world.js';

/** WhatsApp's word for "you may not write to people you have no chat with". */
const REACH_OUT_LIMIT = 463;

/** The error by which a message is refused because a fault or a restriction of its author says so. */
export function refusalOnCommand(world: World, sender: Companion, to: string): number | undefined {
  const { account, device } = sender;
  const subject = { number: account.number, device, connId: sender.connection?.record.connId ?? 0 };
  const fault = world.faults.strike(
    'refuse-message',
    ({ target, to: only }) => targets(target, subject) && (only === undefined || only === (world.directory.find(to)?.number ?? to)),
  );
  if (fault) return fault.error;
  const restricted = (account.restrictedUntil ?? 0) > world.clock.seconds();
  return restricted && isReachOut(world, sender, to) ? REACH_OUT_LIMIT : undefined;
}

/** Whether a message would open a chat with somebody who never wrote. */
function isReachOut(world: World, { account }: Companion, to: string): boolean {
  if (isGroupJid(to)) return false;
  const number = world.directory.find(to)?.number ?? parseJid(to)?.user;
  if (number === account.number) return false;
  return !account.phone.mailbox.arrived.some(({ chat, fromMe }) => chat === number && !fromMe);
}
