import { z } from 'zod';
import { faultSchema, targetSchema } from '../faults/fault.js';
import { ControlError } from './control-error.js';
import { GROUP_ROUTES } from './group-routes.js';
import { PERSON_ROUTES } from './person-routes.js';
import { PHONE_ROUTES } from './phone-routes.js';
import { route, type Route } from './route.js';
import type { ConnectionsView, MessageView } from './views.js';

const closeOrder = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('destroy'), target: targetSchema.default({}) }),
  z.strictObject({ how: z.literal('close'), target: targetSchema.default({}) }),
  z.strictObject({ how: z.literal('stream-error'), code: z.int().min(400).max(599), target: targetSchema.default({}) }),
]);
const garbageOrder = z.strictObject({ form: z.enum(['ciphertext', 'plaintext', 'node']), target: targetSchema.default({}) });

/** The control API. */
export const ROUTES: readonly Route[] = [
  route('GET /health', { run: ({ world }) => ({ ok: true, phones: world.directory.size }) }),
  ...PHONE_ROUTES,
  ...PERSON_ROUTES,
  ...GROUP_ROUTES,
  route('POST /media/expire', {
    body: z.strictObject({ directPath: z.string().min(1) }),
    run: async ({ world, body }) => {
      if (!(await world.media.expire(body.directPath))) throw new ControlError(404, 'MEDIA_NOT_FOUND', 'there is no such file');
      return { expired: true };
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
