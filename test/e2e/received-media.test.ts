import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openObjectScene, type ObjectScene } from '../support/object-scene.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { killWorkers, until } from '../support/worker-process.js';
import type { FaultInput } from '../whatsapp/faults/fault.js';

type Row = Record<string, unknown>;
type MediaType = 'image' | 'video' | 'gif' | 'audio' | 'voice' | 'document' | 'sticker';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A session and a friend who writes to it. */
interface Chat {
  scene: Scene;
  session: PairedSession;
  friend: string;
}

const openChat = async (scene: Scene): Promise<Chat> => ({
  scene,
  session: await pair(scene, 'receiver'),
  friend: (await scene.phones.createPhone({ name: 'Friend' })).number,
});

const sendFile = async ({ scene, session, friend }: Chat, type: MediaType, bytes: Buffer): Promise<string> =>
  scene.phones.sendMessage(friend, { to: session.number, media: { type, bytes: bytes.toString('base64') } });

const mediaOf = async ({ scene }: Chat, id: string): Promise<Row | undefined> =>
  (await scene.worker.messages('receiver')).find((row) => row['id'] === id)?.['media'] as Row | undefined;

const untilState = async (chat: Chat, id: string, state: string): Promise<Row> => {
  let media: Row | undefined;
  await until(
    async () => {
      media = await mediaOf(chat, id);
      return media?.['state'] === state;
    },
    60_000,
    () => `the file of ${id} is ${JSON.stringify(media)}, not ${state}`,
  );
  return media ?? {};
};

const download = async ({ scene }: Chat, media: Row, headers: Record<string, string> = {}): Promise<Response & { bytes: Buffer }> => {
  const response = await fetch(scene.worker.baseUrl + String(media['url']), { headers });
  return Object.assign(response, { bytes: Buffer.from(await response.arrayBuffer()) });
};

/** What is sent is what is served. */
const expectServed = async (chat: Chat, id: string, sent: Buffer): Promise<Row> => {
  const media = await untilState(chat, id, 'stored');
  const sha256 = sha256Of(sent);
  expect(media).toMatchObject({ sha256, bytes: sent.length });
  const served = await download(chat, media);
  expect([served.status, served.headers.get('etag'), sha256Of(served.bytes)]).toEqual([200, `"${sha256}"`, sha256]);
  return media;
};

const TYPES: readonly [MediaType, kind: string][] = [
  ['image', 'images'],
  ['video', 'videos'],
  ['gif', 'videos'],
  ['audio', 'audio'],
  ['voice', 'audio'],
  ['document', 'documents'],
  ['sticker', 'stickers'],
];

const FAULTS: readonly [name: string, fault: FaultInput][] = [
  ['the media server fails', { kind: 'media', on: 'download', effect: 'status', status: 500, count: 1 }],
  ['the transfer is cut', { kind: 'media', on: 'download', effect: 'cut', afterBytes: 50_000, count: 1 }],
  ['the bytes are not those that were sent', { kind: 'media', on: 'download', effect: 'corrupt', count: 1 }],
  ['WhatsApp has it no more, and the phone uploads it again', { kind: 'media', on: 'download', effect: 'status', status: 404, count: 1 }],
];

describe('Received files', () => {
  let chat: Chat;
  beforeAll(async () => {
    chat = await openChat(await openScene());
  });
  afterAll(async () => {
    await chat.scene.close();
    await killWorkers();
  });

  it.each(TYPES)('are served as they were sent: %s', async (type, kind) => {
    const sent = randomBytes(70_001);
    const media = await expectServed(chat, await sendFile(chat, type, sent), sent);
    expect(media['key']).toBe(`media/receiver/${kind}/${sha256Of(sent)}`);
  });

  it('are told as events, with the path to read them', async () => {
    const sent = randomBytes(10);
    const id = await sendFile(chat, 'image', sent);
    const media = await untilState(chat, id, 'stored');
    const { events } = (await chat.scene.worker.call('GET', '/session/receiver/events?limit=500')) as { events: Row[] };
    const told = events.filter(({ messageId }) => messageId === id);
    expect(told.map(({ type }) => type)).toEqual(['message', 'media']);
    expect(told[1]).toMatchObject({ media: { state: 'stored', url: media['url'], sha256: sha256Of(sent), bytes: 10 } });
    expect(sha256Of((await download(chat, told[1]?.['media'] as Row)).bytes)).toBe(sha256Of(sent));
  });

  it('take their room once, however often they come', async () => {
    const sent = randomBytes(5_000);
    for (const id of [await sendFile(chat, 'document', sent), await sendFile(chat, 'document', sent)]) await expectServed(chat, id, sent);
    const kept = readdirSync(join(chat.scene.dataDir, 'media/receiver/documents')).filter((name) => name === sha256Of(sent));
    expect(kept).toHaveLength(1);
  });

  it.each(FAULTS)('come in the end when %s', async (_name, fault) => {
    const { id: fresh } = await chat.scene.phones.addFault(fault);
    const sent = randomBytes(300_000);
    const id = await sendFile(chat, 'video', sent);
    await expectServed(chat, id, sent);
    expect((await chat.scene.phones.faults()).some(({ id: standing }) => standing === fresh)).toBe(false);
  });

  it('are given up with a reason when nobody has them any more', async () => {
    await chat.scene.phones.setOnline(chat.session.number, false);
    const { id: fault } = await chat.scene.phones.addFault({ kind: 'media', on: 'download', effect: 'status', status: 410 });
    const media = await untilState(chat, await sendFile(chat, 'image', randomBytes(100)), 'failed');
    expect(media).toMatchObject({ reason: 'gone' });
    const answer = await download(chat, media);
    expect([answer.status, JSON.parse(answer.bytes.toString())]).toMatchObject([
      410,
      { code: 'MEDIA_UNAVAILABLE', details: { reason: 'gone' } },
    ]);
    await chat.scene.phones.clearFaults(fault);
    await chat.scene.phones.setOnline(chat.session.number, true);
  });

  it('hold up no message while they come slowly', async () => {
    const { id: fault } = await chat.scene.phones.addFault({ kind: 'media', on: 'download', effect: 'slow', bytesPerSecond: 1_000 });
    const slow = await sendFile(chat, 'video', randomBytes(1_000_000));
    const text = await chat.scene.phones.send(chat.friend, chat.session.number, 'still here?');
    await until(
      async () => (await chat.scene.worker.messages('receiver')).some(({ id }) => id === text),
      30_000,
      () => 'the text did not come',
    );
    expect(await mediaOf(chat, slow)).toMatchObject({ state: 'wanted' });
    await chat.scene.phones.clearFaults(fault);
  });

  it.each(['runner', 'supervisor'] as const)('come in the end when the %s is killed in the middle', async (which) => {
    const { scene } = chat;
    const before = (await scene.phones.stats()).media['broken off'] ?? 0;
    const { id: fault } = await scene.phones.addFault({ kind: 'media', on: 'download', effect: 'slow', bytesPerSecond: 20_000 });
    const sent = randomBytes(900_000);
    const id = await sendFile(chat, 'video', sent);
    await until(
      async () => (await scene.phones.faults()).some(({ id: standing, hits }) => standing === fault && hits > 0),
      30_000,
      () => 'the download did not begin',
    );
    if (which === 'runner') process.kill(await scene.worker.runnerPidOf('receiver'), 'SIGKILL');
    else await scene.worker.kill();
    await until(
      async () => ((await scene.phones.stats()).media['broken off'] ?? 0) > before,
      30_000,
      () => 'the download went on',
    );
    await scene.phones.clearFaults(fault);
    if (which === 'supervisor') await scene.restartWorker();
    await scene.worker.untilStatus('receiver', 'connected');
    await expectServed(chat, id, sent);
    // That of the test before may still be on its way.
    await until(
      () => readdirSync(join(scene.dataDir, 'staging')).length === 0,
      30_000,
      () => 'what was downloaded in vain is left',
    );
  });

  it('go with their session', async () => {
    await chat.scene.worker.request('DELETE', '/session/receiver');
    await until(
      () => readdirSync(join(chat.scene.dataDir, 'media')).length === 0,
      10_000,
      () => 'files are left',
    );
  });
});

describe('Received files on demand', () => {
  let chat: Chat;
  beforeAll(async () => {
    chat = await openChat(await openScene({ env: { MEDIA_DOWNLOAD: 'on-demand', MEDIA_DOWNLOAD_MAX_BYTES: '100000' } }));
  });
  afterAll(async () => {
    await chat.scene.close();
    await killWorkers();
  });

  it('are downloaded when somebody asks for them', async () => {
    const sent = randomBytes(90_000);
    const media = await untilState(chat, await sendFile(chat, 'audio', sent), 'available');
    const parts = await Promise.all([download(chat, media, { Range: 'bytes=0-9' }), download(chat, media)]);
    expect(parts.map(({ status, bytes }) => [status, bytes.length])).toEqual([
      [206, 10],
      [200, 90_000],
    ]);
    expect(sha256Of(parts[1].bytes)).toBe(sha256Of(sent));
  });

  it('are refused when they are too large, or the session cannot download them', async () => {
    const large = await untilState(chat, await sendFile(chat, 'video', randomBytes(100_001)), 'available');
    expect((await download(chat, large)).status).toBe(410);
    const small = await untilState(chat, await sendFile(chat, 'image', randomBytes(10)), 'available');
    await chat.scene.worker.call('POST', '/session/receiver/disconnect');
    const refused = await download(chat, small);
    expect([refused.status, JSON.parse(refused.bytes.toString())]).toMatchObject([409, { code: 'SESSION_NOT_CONNECTED' }]);
  });
});

const [found] = ownServers();

describe.skipIf(!found)(`Received files with an object store (${found?.name ?? HOW_TO_INSTALL})`, () => {
  let scene: ObjectScene | undefined;
  afterAll(async () => {
    await scene?.close();
    await killWorkers();
  });

  it('outlive their machine, and the disk keeps only as many as it may', async () => {
    if (!found) return;
    scene = await openObjectScene(await found.start(), { env: { MEDIA_CACHE_BYTES: '0' } });
    const chat = await openChat(scene);
    const sent = new Map<string, Buffer>();
    for (const [type] of TYPES) {
      const bytes = randomBytes(200_000);
      sent.set(await sendFile(chat, type, bytes), bytes);
    }
    for (const [id, bytes] of sent) await expectServed(chat, id, bytes);
    await scene.worker.call('POST', '/storage/flush');
    expect(await scene.storage()).toMatchObject({ state: 'ok', mediaWaiting: 0 });
    await scene.loseMachine();
    for (const [id, bytes] of sent) {
      const media = (await mediaOf(chat, id)) ?? {};
      expect(sha256Of((await download(chat, media)).bytes)).toBe(sha256Of(bytes));
    }
  });

  it('are downloaded when somebody asks for them, if the machine was lost before they were here', async () => {
    if (!scene) return;
    const chat: Chat = { scene, session: await pair(scene, 'another'), friend: (await scene.phones.createPhone()).number };
    const view = async (id: string): Promise<Row> =>
      ((await chat.scene.worker.messages('another')).find((row) => row['id'] === id)?.['media'] ?? {}) as Row;
    const { id: fault } = await scene.phones.addFault({ kind: 'media', on: 'download', effect: 'slow', bytesPerSecond: 1_000 });
    const sent = randomBytes(200_000);
    const send = async (type: MediaType): Promise<string> => {
      const id = await sendFile(chat, type, sent);
      await until(
        async () => (await view(id))['state'] === 'wanted',
        30_000,
        () => `the file of ${id} is not wanted`,
      );
      return id;
    };
    const checkpointed = await send('document');
    await scene.worker.call('POST', '/storage/flush');
    const shipped = await send('video');
    await scene.untilShipped();
    await scene.loseMachine();
    await scene.phones.clearFaults(fault);
    await scene.worker.untilStatus('another', 'connected');
    for (const id of [checkpointed, shipped]) {
      const served = await download(chat, await view(id));
      expect([served.status, sha256Of(served.bytes)]).toEqual([200, sha256Of(sent)]);
      expect(await view(id)).toMatchObject({ state: 'stored', sha256: sha256Of(sent) });
    }
  });
});
