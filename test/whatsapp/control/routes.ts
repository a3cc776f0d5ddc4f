import { z } from 'zod';
import type { Companion } from '../accounts/companion.js';
import { openAccount } from '../accounts/open-account.js';
import { faultSchema, targetSchema } from '../faults/fault.js';
import { unlink } from '../routing/unlink.js';
import { ControlError } from './control-error.js';
import { awaitItems, waitQuery } from './long-poll.js';
import { route, type Call, type Route } from './route.js';
import { viewPhone, type ConnectionsView, type MessageView } from './views.js';

const phoneNumber = z.string().regex(/^[1-9]\d{6,14}$/, 'a number is 7 to 15 digits');
const messageId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'an id is 1 to 64 letters, digits, dots, dashes or underscores');
const newPhone = z.strictObject({ number: phoneNumber.optional(), name: z.string().min(1).max(64).optional() });
const readOrder = z
  .strictObject({ from: phoneNumber.optional(), ids: z.array(messageId).min(1).max(1000).optional() })
  .refine(({ from, ids }) => from !== undefined || ids !== undefined, 'say from, ids or both');
const closeOrder = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('destroy'), target: targetSchema.default({}) }),
  z.strictObject({ how: z.literal('close'), target: targetSchema.default({}) }),
  z.strictObject({ how: z.literal('stream-error'), code: z.int().min(400).max(599), target: targetSchema.default({}) }),
]);
const garbageOrder = z.strictObject({ form: z.enum(['ciphertext', 'plaintext', 'node']), target: targetSchema.default({}) });

const accountOf = ({ world, params }: Call<unknown, unknown>) => world.directory.byNumber(params['number'] ?? '');

function companionOf(call: Call<unknown, unknown>): Companion {
  const companion = accountOf(call).companions.get(Number(call.params['device']));
  if (!companion) throw new ControlError(404, 'DEVICE_NOT_FOUND', 'that phone has no such linked device');
  return companion;
}

/** The control API. */
export const ROUTES: readonly Route[] = [
  route('GET /health', { run: ({ world }) => ({ ok: true, phones: world.directory.size }) }),
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
    body: z.strictObject({ to: phoneNumber, text: z.string().min(1).max(65_536), id: messageId.optional() }),
    run: async (call) => ({ id: await accountOf(call).phone.send(call.body.to, call.body.text, call.body.id) }),
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
  route('POST /phones/:number/read', { body: readOrder, run: (call) => ({ read: accountOf(call).phone.markRead(call.body) }) }),
  route('POST /phones/:number/online', {
    body: z.strictObject({ online: z.boolean() }),
    run: (call) => {
      const account = accountOf(call);
      account.phone.setOnline(call.body.online);
      return viewPhone(account);
    },
  }),
  route('POST /phones/:number/forget-sessions', {
    run: (call) => {
      accountOf(call).phone.signal.forget();
      call.world.changed();
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
  route('GET /connections', {
    run: ({ world }): ConnectionsView => {
      const { records, overlaps } = world.connections;
      return { connections: records, overlaps, verdict: overlaps.length === 0 ? 'single' : 'overlapping' };
    },
  }),
  route('POST /connections/close', {
    body: closeOrder,
    run: ({ world, body }) => {
      const chosen = world.switchboard.select(body.target);
      for (const connection of chosen) {
        if (body.how === 'destroy') connection.destroy('dropped on command');
        else if (body.how === 'close') connection.close('closed on command');
        else connection.streamError(body.code, null, `stream error ${body.code} on command`);
      }
      return { closed: chosen.length };
    },
  }),
  route('POST /connections/garbage', {
    body: garbageOrder,
    run: ({ world, body }) => {
      const chosen = world.switchboard.select(body.target);
      for (const connection of chosen) connection.sendGarbage(body.form);
      return { sent: chosen.length };
    },
  }),
  route('GET /faults', { run: ({ world }) => ({ faults: world.faults.list() }) }),
  route('POST /faults', { body: faultSchema, run: ({ world, body }) => world.faults.add(body) }),
  route('DELETE /faults', { run: ({ world }) => ({ cleared: world.faults.clear() }) }),
  route('DELETE /faults/:id', {
    run: ({ world, params }) => {
      if (!world.faults.clear(Number(params['id']))) throw new ControlError(404, 'FAULT_NOT_FOUND', 'no such fault is in force');
      return { cleared: true };
    },
  }),
  route('GET /stats', { run: ({ world }) => world.stats.snapshot() }),
  route('GET /messages/:id', {
    run: ({ world, params: { id = '' } }): MessageView => ({ id, events: world.traces.of(id) }),
  }),
  route('POST /flush', { run: async ({ save }) => ({ saved: await save() }) }),
];
