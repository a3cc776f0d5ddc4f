import { z } from 'zod';
import { openAccount } from '../accounts/open-account.js';
import { sendOrderSchema } from '../phone/send-order.js';
import { pastSchema } from '../phone/past.js';
import { unlink } from '../routing/unlink.js';
import { accountOf, companionOf, groupJid, messageId, phoneNumber } from './fields.js';
import { awaitItems, waitQuery } from './long-poll.js';
import { route, type Route } from './route.js';
import { viewPhone } from './views.js';

const newPhone = z.strictObject({ number: phoneNumber.optional(), name: z.string().min(1).max(64).optional() });
const readOrder = z
  .strictObject({
    from: z.union([phoneNumber, groupJid]).optional(),
    ids: z.array(messageId).min(1).max(1000).optional(),
    /** Plays sounds instead of reading. */
    play: z.boolean().default(false),
  })
  .refine(({ from, ids }) => from !== undefined || ids !== undefined, 'say from, ids or both');

/** What a phone is and does. */
export const PHONE_ROUTES: readonly Route[] = [
  route('POST /phones', { body: newPhone, run: ({ world, body }) => viewPhone(openAccount(world, body)) }),
  route('GET /phones', { run: ({ world }) => ({ phones: [...world.directory.all()].map(viewPhone) }) }),
  route('GET /phones/:number', { run: (call) => viewPhone(accountOf(call)) }),
  route('POST /phones/:number/scan', {
    body: z.strictObject({ qr: z.string().min(1) }),
    run: async (call) => call.world.pairing.scan(accountOf(call), call.body.qr),
  }),
  route('POST /phones/:number/enter-code', {
    // People type codes with a dash and in small letters.
    body: z.strictObject({ code: z.string().transform((code) => code.replace(/[\s-]/g, '').toUpperCase()) }),
    run: async (call) => call.world.pairing.enterCode(accountOf(call), call.body.code),
  }),
  route('POST /phones/:number/send', {
    body: sendOrderSchema,
    run: async (call) => ({ id: await accountOf(call).phone.send(call.body) }),
  }),
  route('GET /phones/:number/arrived', {
    query: waitQuery,
    run: async (call) => awaitItems(accountOf(call).phone.mailbox, (mailbox) => mailbox.arrived, call.query, call.gone),
  }),
  route('GET /phones/:number/shown', {
    query: waitQuery,
    run: async (call) =>
      awaitItems(
        accountOf(call).phone.mailbox,
        (mailbox) => mailbox.arrived,
        call.query,
        call.gone,
        ({ shown }) => shown,
      ),
  }),
  route('GET /phones/:number/receipts', {
    query: waitQuery,
    run: async (call) => awaitItems(accountOf(call).phone.mailbox, (mailbox) => mailbox.receipts, call.query, call.gone),
  }),
  route('GET /phones/:number/activities', {
    query: waitQuery,
    run: async (call) => awaitItems(accountOf(call).phone.mailbox, (mailbox) => mailbox.activities, call.query, call.gone),
  }),
  route('POST /phones/:number/read', {
    body: readOrder,
    run: (call) => {
      const { phone } = accountOf(call);
      return { read: call.body.play ? phone.markPlayed(call.body) : phone.markRead(call.body) };
    },
  }),
  route('POST /phones/:number/online', {
    body: z.strictObject({ online: z.boolean() }),
    run: (call) => {
      const account = accountOf(call);
      account.phone.setOnline(call.body.online);
      return viewPhone(account);
    },
  }),
  route('POST /phones/:number/past', {
    body: pastSchema,
    run: (call) => {
      accountOf(call).phone.past = call.body;
      call.world.changed();
      return { chats: call.body.chats.length };
    },
  }),
  route('POST /phones/:number/forget-sessions', {
    run: (call) => {
      accountOf(call).phone.forgetSessions();
      return {};
    },
  }),
  route('DELETE /phones/:number/devices/:device', {
    run: (call) => {
      const companion = companionOf(call);
      unlink(call.world, companion);
      return { deviceJid: companion.jid };
    },
  }),
  route('POST /phones/:number/devices/:device/drain-keys', {
    body: z.strictObject({ leave: z.int().min(0) }),
    run: (call) => {
      companionOf(call).preKeys.drain(call.body.leave);
      call.world.changed();
      return viewPhone(accountOf(call));
    },
  }),
];
