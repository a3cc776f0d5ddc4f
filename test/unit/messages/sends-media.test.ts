import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { ContentOf, OutgoingContent } from '../../../shared/domain/outgoing.js';
import { AppError } from '../../../shared/errors.js';
import { uploadRestAfter } from '../../../supervisor/messages/send-rules.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import type { SendRequest } from '../../../supervisor/worker.js';
import { openLibrary, type LibrarySetting } from '../media/library-setting.js';
import type { FleetCall } from '../placement/memory-fleet.js';
import { rowsIn } from '../store/temp-store.js';
import { incoming } from './history-setting.js';
import { addConnected, ANNA, disconnect, failureOf, reconnect, startSends, statusOf, text } from './sends-setting.js';

const BOB = '15550000009@s.whatsapp.net';
const UPLOADED = { url: 'https://media.test/v/2', directPath: '/v/2', mediaKey: 'a2V5', sealedSha256: 'ZGlnZXN0', at: 2 };

type Setting = Awaited<ReturnType<typeof startSends>>;

const setUp = async (): Promise<Setting & { kept: LibrarySetting }> => {
  const kept = await openLibrary();
  await kept.store.commit([...kept.sessions].map((sessionId) => ({ table: TABLES.sessions, key: [sessionId], value: undefined })));
  const setting = await startSends(kept.store, undefined, { library: kept.library });
  await addConnected(setting.registry);
  return { ...setting, kept };
};

const contentOf = async ({ keep }: LibrarySetting, bytes = 'bytes'): Promise<ContentOf<'document'>> => {
  const { kind, sha256 } = await keep(bytes, 's', 'documents');
  return { type: 'document', file: { kind, sha256, bytes: bytes.length, mimetype: 'application/pdf' }, fileName: 'a.pdf' };
};
const document = async (kept: LibrarySetting, more: Partial<SendRequest> = {}): Promise<SendRequest> => ({
  ...{ sessionId: 's', to: ANNA, idempotencyKey: undefined },
  content: await contentOf(kept),
  ...more,
});
/** Counts how often its file was brought. */
const late = (kept: LibrarySetting, more: Partial<SendRequest> = {}): SendRequest & { brought: () => number } => {
  let brought = 0;
  const bring = async (): Promise<OutgoingContent> => {
    brought++;
    return contentOf(kept);
  };
  const request = { sessionId: 's', to: ANNA, content: { quoted: undefined, bring }, wish: ['a document', 'from somewhere'] };
  return { ...request, idempotencyKey: undefined, ...more, brought: () => brought };
};

/** What runners were asked, in order. */
const methods = ({ fleet }: Setting): string[] => fleet.calls.map(({ method }) => method);
const failing = (method: FleetCall['method'], code: 'RUNNER_UNAVAILABLE' | 'MESSAGE_REJECTED', times: number) => {
  let left = times;
  return async (call: FleetCall): Promise<unknown> => {
    if (call.method !== method || left-- <= 0) return Promise.resolve(undefined);
    return Promise.reject(new AppError(code, 'It failed.'));
  };
};
/** Uploads that are held until told to end. */
const holdUploads = ({ fleet }: Setting): { ends: (() => void)[] } => {
  const ends: (() => void)[] = [];
  fleet.answer = async ({ method }) =>
    method === 'media.upload' ? new Promise((resolve) => ends.push(() => resolve(UPLOADED))) : undefined;
  return { ends };
};

it('uploads the file first, and hands the message over with where it is', async () => {
  const setting = await setUp();
  setting.fleet.answer = async ({ method }) => Promise.resolve(method === 'media.upload' ? UPLOADED : undefined);
  const request = await document(setting.kept);
  expect(await setting.sends.send(request)).toMatchObject({ status: 'sent' });
  expect(methods(setting)).toEqual(['media.upload', 'session.send']);
  const [upload] = setting.fleet.of('media.upload');
  const [send] = setting.fleet.of('session.send');
  expect(upload?.params).toMatchObject({
    sessionId: 's',
    as: 'document',
    path: expect.stringContaining(upload?.params.sha256 ?? '?') as string,
  });
  expect(Buffer.from(upload?.params.mediaKey ?? '', 'base64')).toHaveLength(32);
  expect(send?.params.message).toMatchObject({ content: request.content, uploaded: UPLOADED });
});

it('uploads again under the same key what was not uploaded, and not again what was', async () => {
  const setting = await setUp();
  setting.fleet.answer = failing('media.upload', 'RUNNER_UNAVAILABLE', 1);
  await setting.sends.send(await document(setting.kept));
  expect(methods(setting)).toEqual(['media.upload', 'media.upload', 'session.send']);
  const [first, second] = setting.fleet.of('media.upload').map(({ params }) => params);
  expect(second).toEqual(first);

  setting.fleet.calls.length = 0;
  setting.fleet.answer = failing('session.send', 'RUNNER_UNAVAILABLE', 1);
  await setting.sends.send(await document(setting.kept));
  expect(methods(setting)).toEqual(['media.upload', 'session.send', 'session.send']);
  expect(setting.fleet.of('media.upload')[0]?.params.mediaKey).not.toBe(first?.mediaKey);
});

it('uploads again also when the timer for it fires a moment before it is due', async () => {
  const setting = await setUp();
  setting.fleet.answer = failing('media.upload', 'RUNNER_UNAVAILABLE', 1);
  const request = await document(setting.kept);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const sent = setting.sends.send(request);
  for (let turn = 0; setting.fleet.of('media.upload').length === 0 && turn < 100_000; turn++) await nextTurn();
  await nextTurn();
  // The clock is not faked: by it hardly a moment has passed.
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await sent).toMatchObject({ status: 'sent' });
  expect(methods(setting)).toEqual(['media.upload', 'media.upload', 'session.send']);
});

it('does not upload after a restart what was uploaded before', async () => {
  const before = await setUp();
  before.fleet.answer = async ({ method }) => (method === 'media.upload' ? Promise.resolve(UPLOADED) : new Promise(() => undefined));
  const sending = failureOf(before.sends.send(await document(before.kept)));
  await vi.waitFor(() => expect(methods(before)).toEqual(['media.upload', 'session.send']));
  before.sends.stop();
  await sending;

  const after = await startSends(before.store, undefined, { library: before.kept.library });
  await disconnect(after);
  await reconnect(after);
  await vi.waitFor(() => expect(statusOf(after)).toEqual(['sent']));
  expect(methods(after)).toEqual(['session.send']);
  expect(after.fleet.of('session.send')[0]?.params.message).toEqual(before.fleet.of('session.send')[0]?.params.message);
});

it('gives a message up whose file WhatsApp refuses, or that is not there any more', async () => {
  const setting = await setUp();
  setting.fleet.answer = failing('media.upload', 'MESSAGE_REJECTED', 1);
  expect(await failureOf(setting.sends.send(await document(setting.kept)))).toMatchObject({ code: 'MESSAGE_REJECTED' });
  const request = await document(setting.kept);
  const file = 'file' in request.content ? request.content.file : expect.unreachable();
  await setting.kept.library.remove([{ sessionId: 's', kind: file.kind, sha256: file.sha256 }]);
  expect(await failureOf(setting.sends.send(request))).toMatchObject({ code: 'MEDIA_NOT_FOUND' });
  expect(statusOf(setting)).toEqual(['failed', 'failed']);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
});

it('lets messages of its chat wait for a file, and those of other chats pass', async () => {
  const setting = await setUp();
  const { ends } = holdUploads(setting);
  const file = setting.sends.send(await document(setting.kept));
  const after = setting.sends.send(text('after it'));
  await setting.sends.send({ ...text('meanwhile'), to: BOB });
  expect(setting.given().map((one) => one.text)).toEqual(['meanwhile']);
  await vi.waitFor(() => expect(ends).toHaveLength(1));
  ends[0]?.();
  await Promise.all([file, after]);
  expect(setting.given().map((one) => one.text)).toEqual(['meanwhile', 'document', 'after it']);
});

it('lets them pass also while it rests after an upload that failed', async () => {
  const setting = await setUp();
  setting.fleet.answer = failing('media.upload', 'RUNNER_UNAVAILABLE', 1);
  const file = setting.sends.send(await document(setting.kept));
  await vi.waitFor(() => expect(methods(setting)).toEqual(['media.upload']));
  const after = setting.sends.send(text('after it'));
  await setting.sends.send({ ...text('meanwhile'), to: BOB });
  await Promise.all([file, after]);
  expect(setting.given().map((one) => one.text)).toEqual(['meanwhile', 'document', 'after it']);
});

it('rests longer after every upload that failed, for at most a minute', () => {
  expect([1, 2, 3, 6, 7, 2_000].map(uploadRestAfter)).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
});

it('uploads four files of a session at once', async () => {
  const setting = await setUp();
  const { ends } = holdUploads(setting);
  const requests = await Promise.all([1, 2, 3, 4, 5, 6].map(async (n) => document(setting.kept, { to: `1555000001${n}@s.whatsapp.net` })));
  const sending = requests.map(async (request) => setting.sends.send(request));
  await vi.waitFor(() => expect(ends).toHaveLength(4));
  ends[2]?.();
  await vi.waitFor(() => expect(ends).toHaveLength(5));
  expect(setting.fleet.of('session.send')).toHaveLength(1);
  for (const n of [0, 1, 3, 4]) ends[n]?.();
  await vi.waitFor(() => expect(ends).toHaveLength(6));
  ends[5]?.();
  expect(await Promise.all(sending)).toHaveLength(6);
});

it('brings nothing back of a session that was deleted while its file was uploaded', async () => {
  const setting = await setUp();
  const { ends } = holdUploads(setting);
  const sending = failureOf(setting.sends.send(await document(setting.kept)));
  await vi.waitFor(() => expect(ends).toHaveLength(1));
  const intents = rowsIn(setting.store, TABLES.intents).map(([key]) => ({ table: TABLES.intents, key: [...key], value: undefined }));
  await setting.registry.remove('s', intents);
  expect(await sending).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  ends[0]?.();
  await setting.store.settled();
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
  expect(setting.fleet.of('session.send')).toEqual([]);
});

it('brings a file once for requests of the same key, whether sent or queued', async () => {
  const setting = await setUp();
  const request = late(setting.kept, { idempotencyKey: 'key' });
  const first = await setting.sends.send(request);
  expect([await setting.sends.send(request), await setting.sends.enqueue(request)]).toEqual([first, first]);
  expect(request.brought()).toBe(1);
  expect(await failureOf(setting.sends.send({ ...request, wish: 'another' }))).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  expect(request.brought()).toBe(1);
});

it('makes one message of two requests of the same key at the same time', async () => {
  const setting = await setUp();
  const request = late(setting.kept, { idempotencyKey: 'key' });
  const [first, second] = await Promise.all([setting.sends.send(request), setting.sends.send(request)]);
  expect(second).toEqual(first);
  expect(methods(setting)).toEqual(['media.upload', 'session.send']);
});

it('brings no file for what is refused anyway, and accepts nothing without its file', async () => {
  const setting = await setUp();
  const request = late(setting.kept);
  const unknown = { ...request, content: { ...('bring' in request.content ? request.content : expect.unreachable()), quoted: 'nothing' } };
  expect(await failureOf(setting.sends.send(unknown))).toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
  await setting.registry.apply('s', 'stop', 'disconnect_requested', { desired: 'disconnected' });
  expect(await failureOf(setting.sends.send(request))).toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  expect(request.brought()).toBe(0);
  const bring = async (): Promise<OutgoingContent> => Promise.reject(new AppError('MEDIA_FETCH_FAILED', 'No.'));
  const failing = { ...request, content: { quoted: undefined, bring } };
  expect(await failureOf(setting.sends.enqueue(failing))).toMatchObject({ code: 'MEDIA_FETCH_FAILED' });
  expect(statusOf(setting)).toEqual([]);
});

it('accepts nothing whose file came when the worker was stopping, or its session was gone', async () => {
  const setting = await setUp();
  const request = late(setting.kept);
  const goneMeanwhile = { ...request, content: { quoted: undefined, bring: async () => (setting.sends.stop(), contentOf(setting.kept)) } };
  const deletedMeanwhile = {
    ...request,
    content: { quoted: undefined, bring: async () => (await setting.registry.remove('s', []), contentOf(setting.kept)) },
  };
  expect(await failureOf(setting.sends.send(goneMeanwhile))).toMatchObject({ code: 'DRAINING' });
  expect(await failureOf(setting.sends.send(deletedMeanwhile))).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(statusOf(setting)).toEqual([]);
});

it('answers a message with a file, and shows both in history', async () => {
  const setting = await setUp();
  await setting.store.commit(setting.history.append('s', incoming('A1', Date.now(), { from: ANNA, chat: ANNA, content: 'which one?' })));
  const { messageId } = await setting.sends.send(
    await document(setting.kept, { content: { ...(await contentOf(setting.kept)), quoted: 'A1' } }),
  );
  expect(setting.fleet.of('session.send')[0]?.params.message.references.quoted).toMatchObject({ messageId: 'A1', text: 'which one?' });
  expect(await setting.history.find('s', messageId)).toMatchObject({
    ...{ type: 'document', details: { fileName: 'a.pdf', bytes: 5 } },
    quoted: { messageId: 'A1', content: 'which one?' },
  });
});
