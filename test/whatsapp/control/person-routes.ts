import { z } from 'zod';
import { announcePatch } from '../app-state/sync-query.js';
import { changeSetting, sharedSettings } from '../app-state/phone-settings.js';
import { chatToWriteTo } from '../phone/chat.js';
import { setBlocked } from '../profile/block-list.js';
import { changeAbout, changePicture } from '../profile/profile-queries.js';
import { restrict } from '../routing/restriction.js';
import { accountOf, groupJid, phoneNumber } from './fields.js';
import { route, type Route } from './route.js';
import { viewPhone } from './views.js';

const profileOrder = z.strictObject({
  about: z.string().max(139).optional(),
  /** In base64; null takes it away. */
  picture: z.base64().nullable().optional(),
});
const chatName = z.union([phoneNumber, groupJid]);
const settingOrder = z.discriminatedUnion('change', [
  z.strictObject({ change: z.literal('pin'), chat: chatName, on: z.boolean() }),
  z.strictObject({ change: z.literal('mute'), chat: chatName, on: z.boolean() }),
]);
const MUTED_MS = 8 * 3_600_000;

/** What a person does beside writing: being there, typing, blocking, a face and a word about oneself, settings of chats. */
export const PERSON_ROUTES: readonly Route[] = [
  route('POST /phones/:number/typing', {
    body: z.strictObject({ to: chatName, state: z.enum(['composing', 'recording', 'paused']) }),
    run: (call) => {
      const account = accountOf(call);
      call.world.presence.chatState(account, chatToWriteTo(call.world, account, call.body.to), call.body.state);
      return {};
    },
  }),
  route('POST /phones/:number/presence', {
    body: z.strictObject({ available: z.boolean() }),
    run: (call) => {
      const account = accountOf(call);
      call.world.presence.set(account, call.body.available);
      return call.world.presence.of(account);
    },
  }),
  route('GET /phones/:number/presence', { run: (call) => call.world.presence.of(accountOf(call)) }),
  route('POST /phones/:number/follow', {
    body: z.strictObject({ number: phoneNumber }),
    run: (call) => {
      call.world.presence.follow(accountOf(call), call.world.directory.byNumber(call.body.number));
      return {};
    },
  }),
  route('POST /phones/:number/block', {
    body: z.strictObject({ number: phoneNumber, blocked: z.boolean() }),
    run: (call) => {
      const account = accountOf(call);
      setBlocked(call.world, account, call.world.directory.byNumber(call.body.number), call.body.blocked);
      return viewPhone(account);
    },
  }),
  route('POST /phones/:number/profile', {
    body: profileOrder,
    run: (call) => {
      const account = accountOf(call);
      const { about, picture } = call.body;
      if (about !== undefined) changeAbout(call.world, account, about);
      if (picture !== undefined) changePicture(call.world, account, undefined, Buffer.from(picture ?? '', 'base64'));
      return viewPhone(account);
    },
  }),
  route('POST /phones/:number/restrict', {
    /** For so many seconds; 0 lifts the restriction. */
    body: z.strictObject({ seconds: z.int().min(0) }),
    run: (call) => {
      const { seconds } = call.body;
      const account = accountOf(call);
      restrict(call.world, account, seconds === 0 ? null : call.world.clock.seconds() + seconds);
      return viewPhone(account);
    },
  }),
  route('GET /phones/:number/settings', {
    run: async (call) => {
      const account = accountOf(call);
      return { settings: await sharedSettings(account, account.phone.keys.appState) };
    },
  }),
  route('POST /phones/:number/settings', {
    body: settingOrder,
    run: async (call) => {
      const account = accountOf(call);
      const { change, chat, on } = call.body;
      const { jid } = chatToWriteTo(call.world, account, chat);
      const modification = change === 'pin' ? { pin: on } : { mute: on ? Date.now() + MUTED_MS : null };
      const collection = await changeSetting(account, account.phone.keys.appState, modification, jid);
      announcePatch(call.world, account, collection);
      call.world.changed();
      return { collection };
    },
  }),
];
