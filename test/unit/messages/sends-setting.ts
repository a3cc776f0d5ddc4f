import { expect, onTestFinished } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { AppError, type ErrorCode } from '../../../shared/errors.js';
import type { Store } from '../../../shared/store/store.js';
import type { MediaLibrary } from '../../../supervisor/media/media-library.js';
import { History } from '../../../supervisor/messages/history.js';
import { SendUploads } from '../../../supervisor/messages/send-uploads.js';
import { Sends, type SendsOptions } from '../../../supervisor/messages/sends.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import type { SendRequest } from '../../../supervisor/worker.js';
import { eventually } from '../../fixtures/eventually.js';
import { MemoryFleet } from '../placement/memory-fleet.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';

export const ANNA = '6281234567890@s.whatsapp.net';
const ME = '15550000001:3@s.whatsapp.net';
const LONG_MS = 60_000;
export const SENT_AT = 1_700_000_000_000;

export const text = (words: string, idempotencyKey?: string, sessionId = 's'): SendRequest => ({
  sessionId,
  to: ANNA,
  content: { type: 'text', text: words },
  idempotencyKey,
});

export interface Setting {
  store: Store;
  registry: Registry;
  fleet: MemoryFleet;
  history: History;
  sends: Sends;
  /** Text, id and order of what runners were given. */
  given: () => { text: string; messageId: string }[];
}

type Limits = Pick<SendsOptions, 'queueLimit' | 'paceOf'>;
/** As many as it likes, as fast as it can. */
export const FREE: Limits = { queueLimit: 1_000, paceOf: () => ({ perMinute: undefined, burst: 1, typing: false }) };

/** Sends over a store, as a supervisor has them after its start; with files when there is a library of them. */
export const startSends = async (
  store: Store,
  deadlineMs = LONG_MS,
  { library, ...limits }: Partial<Limits> & { library?: Pick<MediaLibrary, 'hold'> } = {},
): Promise<Setting> => {
  const registry = new Registry(store, silent);
  const history = new History(store);
  const fleet = new MemoryFleet();
  fleet.start(0);
  const uploads = library && { uploads: new SendUploads({ store, fleet, library }) };
  const sends = new Sends({ store, registry, fleet, history, log: silent, deadlineMs, ...FREE, ...limits, ...uploads });
  await sends.start();
  onTestFinished(async () => {
    sends.stop();
    await store.settled();
  });
  const given = (): { text: string; messageId: string }[] =>
    fleet.of('session.send').map(({ params: { message } }) => ({
      text: message.content.type === 'text' ? message.content.text : message.content.type,
      messageId: message.messageId,
    }));
  return { store, registry, fleet, history, sends, given };
};

const PAIRED = { slot: 0, paired: true, everConnected: true, jid: ME } as const;
export const addConnected = async (registry: Registry, sessionId = 's'): Promise<void> => {
  await registry.add({ sessionId, userId: undefined, sessionName: undefined });
  await registry.apply(sessionId, 'connect', 'connect_requested', { desired: 'connected' });
  await registry.apply(sessionId, 'open', 'opened', PAIRED);
};
export const disconnect = async ({ registry }: Setting): Promise<void> => registry.apply('s', 'retry', 'transient');
export const reconnect = async ({ registry }: Setting): Promise<void> => registry.apply('s', 'open', 'opened');

export const setUp = async (deadlineMs = LONG_MS, limits: Partial<Limits> = {}): Promise<Setting> => {
  const setting = await startSends(closing(await openSupervisorStore(tempFolder())), deadlineMs, limits);
  await addConnected(setting.registry);
  return setting;
};

/** Runners hold every send until told what becomes of it. */
export const hold = (fleet: MemoryFleet): { confirm: (n: number) => void; fail: (n: number, code: ErrorCode) => void } => {
  const held: { resolve: (result: unknown) => void; reject: (error: AppError) => void }[] = [];
  fleet.answer = async () => new Promise((resolve, reject) => held.push({ resolve, reject }));
  return {
    confirm: (n) => held[n]?.resolve({ timestamp: SENT_AT }),
    fail: (n, code) => held[n]?.reject(new AppError(code, 'It failed.')),
  };
};
export const failWith = (code: ErrorCode) => async (): Promise<never> => Promise.reject(new AppError(code, 'It failed.'));
export const untilGiven = async ({ given }: Setting, count: number): Promise<void> =>
  eventually(() => given().length === count, `a runner was given ${count} messages`);
/** The failure of a send, looked at now or later without being unhandled in between. */
export const failureOf = async (send: Promise<unknown>): Promise<AppError> =>
  send.then(
    () => expect.unreachable('the send succeeded'),
    (error: unknown) => error as AppError,
  );
/** Of the session's messages, the newest first. */
export const statusOf = ({ store }: Setting): string[] =>
  [...store.range<Message>(TABLES.messages, { prefix: ['s'], reverse: true, newest: true })].map(({ value }) => value.status);
