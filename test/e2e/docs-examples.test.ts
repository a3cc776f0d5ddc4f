// Every command of the README and of docs/api is pasted into a shell beside a worker, page after page, and answers are compared with those shown.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { PageReading, type Meanwhile } from '../support/docs/page-reading.js';
import { ReadersShell } from '../support/docs/shell.js';
import { sampleFile } from '../support/sample-files.js';
import { ROUTES, startRecordingBackend, type RecordingBackend } from '../support/recording-backend.js';
import { isRunning, openScene, type Scene } from '../support/scene.js';
import { killWorkers, until, WorkerProcess } from '../support/worker-process.js';
import type { SendInput } from '../whatsapp/client.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Whose phones they are on all pages. */
const ALICE = '6281200000001';
const FRIEND = '6281200000002';
/** Messages that the friend wrote, on all pages. */
const QUESTION = '3A5C1E0F7B2D9468AC13';
const GREETING = 'ACABA167907F0EE7C11866CEED3E7336';
const PHOTO = 'ACAD0F2B93C41E7786A5D90C21B3F64E';
/** Of a group of the friend's. */
const INVITATION = 'Hq3vK0rYc2tLkT8bWm9eXz';

/** A reader at work: a shell, and phones in reach. */
interface Reader {
  scene: Scene;
  shell: ReadersShell;
  backend: RecordingBackend;
  folder: string;
  names: Map<string, string>;
}

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  await killWorkers();
});

/** What happens between the commands of a page, by the commands that it comes before. */
const MEANWHILE: Readonly<Record<string, (reader: Reader, page: PageReading) => Meanwhile>> = {
  'README.md': (reader) => ({
    'alice/status': async () => scan(reader),
  }),
  'docs/api/sessions.md': (reader, page) => ({
    'session/create': async () => {
      await reader.scene.worker.call('POST', '/session/alice/logout');
      await reader.scene.worker.call('DELETE', '/session/alice');
    },
    'bob/pairing-code': async () => reader.scene.worker.create('bob'),
    'alice/status': async () => {
      await reader.scene.phones.enterCode(FRIEND, String(page.last('bob/pairing-code')['raw']));
      await reader.scene.worker.untilStatus('bob', 'connected');
      await scan(reader);
      await page.also('curl -s -X POST localhost:8001/session/alice/connect');
      await page.also('curl -s localhost:8001/session/alice/qr');
    },
  }),
  'docs/api/send.md': ({ scene }) => ({
    'Hello World!': async () => hear(scene, QUESTION, { text: 'Are you there?' }),
  }),
  'docs/api/queue.md': ({ scene: { worker } }) => ({
    'respond-async': async () => {
      // Slow enough that what is queued can be looked at.
      await worker.call('PATCH', '/session/alice/settings', { pace: { sendRatePerMinute: 1, burst: 1 } });
      for (const message of ['one', 'two', 'three'])
        await worker.request('POST', '/session/alice/send', { to: FRIEND, type: 'text', message, async: true });
    },
  }),
  'docs/api/messages.md': ({ scene }) => ({
    'offset=0': async () => {
      await scene.worker.call('PATCH', '/session/alice/settings', { pace: null });
      const { body } = await scene.worker.send('alice', FRIEND, 'Your order is ready.');
      await untilInHistory(scene, String(body.data?.['messageId']), ({ status }) => status === 'delivered');
      await hear(scene, GREETING, { text: 'Hello!' });
    },
  }),
  'docs/api/media.md': ({ scene, folder, names }) => ({
    'menu.jpg': async () => {
      writeFileSync(join(folder, 'invoice.pdf'), sampleFile('pdf'));
      writeFileSync(join(folder, 'menu.png'), sampleFile('png'));
      names.set('https://example.com/menu.jpg', await serve(sampleFile('jpeg')));
    },
    'photo.png': async () => hear(scene, PHOTO, { media: { type: 'image', size: 28_372 } }, ({ media }) => stateOf(media) === 'stored'),
  }),
  'docs/api/contacts.md': ({ scene }) => ({
    'contacts/check': async () =>
      void (await scene.phones.setProfile(FRIEND, { about: 'At work', picture: Buffer.from('a face').toString('base64') })),
  }),
  'docs/api/presence.md': ({ scene: { phones, worker } }) => ({
    [`presence/${FRIEND}`]: async () => {
      await phones.setAvailable(FRIEND, true);
      await phones.setAvailable(FRIEND, false);
      await until(
        async () => {
          const { presences } = await worker.call('GET', `/session/alice/presence/${FRIEND}`);
          return (presences as { state: string }[]).some(({ state }) => state === 'unavailable');
        },
        60_000,
        () => 'nothing is heard of the friend',
      );
    },
  }),
  'docs/api/groups.md': ({ scene: { phones }, names }) => ({
    'groups/join': async () => {
      const { number } = await phones.createPhone();
      names.set(INVITATION, (await phones.groups.create(FRIEND, 'Friends', [number])).inviteCode);
    },
  }),
  'docs/api/runners.md': ({ scene: { worker } }) => ({
    'localhost:8001/runners': async () => {
      await worker.call('POST', '/session/alice/move', { slot: 0 });
      const pid = await worker.runnerPidOf('alice');
      process.kill(pid, 'SIGKILL');
      await until(
        async () => !isRunning(pid) && (await worker.status('alice'))['status'] === 'connected',
        60_000,
        () => 'alice does not come back',
      );
    },
  }),
  'docs/api/reports.md': ({ scene: { worker }, backend }) => ({
    'reports/dead': async () => {
      await worker.untilStatus('alice', 'connected');
      backend.answers(ROUTES.webhook, { status: 404, body: { success: false, error: 'Session not found' } });
      await worker.call('POST', '/session/alice/disconnect');
      await until(
        async () => ((await worker.call('GET', '/reports/dead'))['reports'] as unknown[]).length > 0,
        60_000,
        () => 'no report is refused',
      );
      backend.answers(ROUTES.webhook, {});
    },
  }),
  'docs/api/README.md': ({ shell, folder }) => ({
    'Bearer a-long-random-text': async () => {
      const env = { WORKER_AUTH_TOKEN: 'a-long-random-text', WORKER_HOST: '127.0.0.1' };
      const guarded = await WorkerProcess.start({ dataDir: join(folder, 'guarded'), env });
      opened.push(async () => guarded.stop());
      shell.use(guarded.baseUrl);
      expect((await shell.run('curl -s localhost:8001/sessions')).status).toBe(401);
    },
  }),
};

/** What a page tells how to do and does not paste. */
const AFTERWARDS: Readonly<Record<string, (reader: Reader, page: PageReading) => Promise<void>>> = {
  'docs/api/send.md': async (_, page) => {
    const send = `curl -s localhost:8001/session/alice/send -H 'Content-Type: application/json'`;
    await page.also(`${send} -H 'Idempotency-Key: order-1042' -d '{"to":"${FRIEND}","type":"text","message":"Another."}'`);
    const bodies = page.stories.flatMap(({ objects }) => objects).filter((object) => 'to' in object && 'type' in object);
    expect(bodies.length).toBeGreaterThan(3);
    for (const body of bodies) await page.also(`${send} -d '${JSON.stringify(body)}'`);
  },
  'docs/api/settings.md': async ({ scene: { worker } }) => {
    await worker.call('PATCH', '/session/alice/settings', { proxy: null });
    await worker.untilStatus('alice', 'connected');
  },
  'docs/api/media.md': async ({ folder }) => {
    expect((await stat(join(folder, 'photo.png'))).size).toBe(28_372);
  },
};

/** Answers for which a reader has to wait long or be lucky, each by words of it: other tests have them. */
const ELSEWHERE: readonly string[] = ['"status":"connecting"', 'DEADLINE_EXCEEDED', 'OUTCOME_UNKNOWN', 'EVENTS_GONE'];

/** Fields that are there only at times, as the page says. */
const AT_TIMES: ReadonlySet<string> = new Set(['data.ramp']);

/** What starts the program itself, as other tests do. */
const LEFT_OUT = /^(npm ci && npm (start|test)|npm run demo( -- --once)?|WORKER_ID=worker-002 WORKER_PORT=8002 npm start)$/;

/** As the index lists them. */
const pagesInOrder = (): string[] => {
  const index = readFileSync(join(ROOT, 'docs/api/README.md'), 'utf8');
  const listed = [...index.matchAll(/^\| \[[^\]]+\]\((\w+\.md)\)/gm)].map(([, name]) => `docs/api/${name}`);
  const pages = [...listed, 'docs/api/README.md'];
  expect(pages.toSorted()).toEqual(
    readdirSync(join(ROOT, 'docs/api'))
      .map((name) => `docs/api/${name}`)
      .toSorted(),
  );
  return ['README.md', ...pages];
};

const scan = async ({ scene: { worker, phones } }: Reader): Promise<void> => {
  const { qrCode } = await worker.call('GET', '/session/alice/qr');
  await phones.scan(ALICE, String(qrCode));
  await worker.untilStatus('alice', 'connected');
};

type Row = Record<string, unknown>;

const stateOf = (media: unknown): unknown => (media as { state?: unknown } | undefined)?.state;

const untilInHistory = async ({ worker }: Scene, id: string, isAsWanted: (row: Row) => boolean): Promise<void> =>
  until(
    async () => (await worker.messages('alice')).some((row) => row['id'] === id && isAsWanted(row)),
    60_000,
    () => `${id} is not in history as it should be`,
  );

/** @returns the URL of a file that has these bytes */
const serve = async (bytes: Buffer): Promise<string> => {
  const server = createServer((_request, response) => void response.end(bytes));
  opened.push(async () => Promise.resolve(server.close()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/menu.jpg`;
};

/** The friend writes to alice. */
const hear = async (scene: Scene, id: string, what: Partial<SendInput>, isAsWanted: (row: Row) => boolean = () => true): Promise<void> => {
  await scene.phones.sendMessage(FRIEND, { to: ALICE, id, ...what });
  await untilInHistory(scene, id, isAsWanted);
};

const openReader = async (): Promise<Reader> => {
  const folder = mkdtempSync(join(tmpdir(), 'docs-examples-'));
  opened.push(async () => Promise.resolve(rmSync(folder, { recursive: true, force: true })));
  const backend = await startRecordingBackend();
  opened.push(async () => backend.close());
  const access = { WORKER_AUTH_TOKEN: 'known-to-the-backend', WORKER_API_AUTH: 'off', WORKER_HOST: '127.0.0.1' };
  const scene = await openScene({ env: { ...access, BACKEND_URL: backend.url, MEDIA_FETCH_ALLOW: '127.0.0.1' } });
  opened.push(async () => scene.close());
  await scene.phones.createPhone({ number: ALICE, name: 'Alice' });
  await scene.phones.createPhone({ number: FRIEND, name: 'Bob' });
  const shell = new ReadersShell(folder);
  shell.use(scene.worker.baseUrl);
  return { scene, shell, backend, folder, names: new Map() };
};

test('whoever pastes the examples, page after page, is answered as the pages say', async () => {
  const reader = await openReader();
  const problems: Record<string, string[]> = {};
  for (const name of pagesInOrder()) {
    const page = new PageReading(readFileSync(join(ROOT, name), 'utf8'), {
      ...reader,
      atTimes: AT_TIMES,
      isLeftOut: (command) => LEFT_OUT.test(command),
    });
    await page.read(MEANWHILE[name]?.(reader, page) ?? {});
    await AFTERWARDS[name]?.(reader, page);
    const found = page.problems((shown) => ELSEWHERE.some((words) => shown.includes(words)));
    if (found.length > 0) problems[name] = found;
  }
  expect(problems).toEqual({});
}, 600_000);
