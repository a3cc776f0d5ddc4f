import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OBJECT_STORE_TROUBLES, type ObjectStoreTrouble } from '../../shared/object-store/object-store.js';
import { environmentOf, untilServing, type StorageFacts } from '../support/object-scene.js';
import { hasOpenssl, makeCertificate } from '../support/object-servers/certificates.js';
import { FaultProxy } from '../support/object-servers/fault-proxy.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import type { OwnObjectServer } from '../support/object-servers/object-server.js';
import { pair, type PairedSession } from '../support/scene.js';
import { killWorkers, until, WorkerProcess } from '../support/worker-process.js';
import { spawnWhatsapp, type SpawnedWhatsapp } from '../whatsapp/spawn-whatsapp.js';

const [found] = ownServers();
const SHIFTED_CLOCK = pathToFileURL(join(import.meta.dirname, '../fixtures/shifted-clock.mjs')).href;
const SECRET = 'a-secret-nobody-may-read';
/** A server that says nothing is noticed after its deadlines and three tries. */
const NOTICED_MS = 120_000;
const RIGHT_AGAIN_MS = 120_000;

describe.skipIf(!found)(`With an object store that makes trouble (${found?.name ?? HOW_TO_INSTALL})`, () => {
  let server: OwnObjectServer;
  let proxy: FaultProxy;
  let expired: FaultProxy | undefined;
  let whatsapp: SpawnedWhatsapp;
  let worker: WorkerProcess;
  let session: PairedSession;
  let friend: { number: string; jid: string };
  let log: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'sentences-'));
  const dataDir = join(folder, 'data');
  const clockIsWrong = join(folder, 'clock-is-wrong');

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    log = [];
    worker = await WorkerProcess.start({
      dataDir,
      env: {
        ...whatsapp.env,
        ...environmentOf(server),
        MINIO_ENDPOINT: proxy.endpoint,
        WORKER_ID: 'worker-a',
        NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`,
        CLOCK_IS_WRONG_WHILE: clockIsWrong,
        ...env,
      },
      onLog: (line) => log.push(line),
    });
  };
  const storage = async (): Promise<StorageFacts> => (await worker.call('GET', '/health'))['storage'] as StorageFacts;
  const untilOk = async (): Promise<void> => {
    let seen: StorageFacts | undefined;
    await until(
      async () => {
        seen = await storage();
        return seen.state === 'ok' && seen.changesWaiting === 0 && seen.sentence === null;
      },
      RIGHT_AGAIN_MS,
      () => `it did not catch up: ${JSON.stringify(seen)}`,
    );
  };
  const untilSaid = async (state: string, kind: ObjectStoreTrouble): Promise<void> => {
    const { sentence } = OBJECT_STORE_TROUBLES[kind];
    let seen: StorageFacts | undefined;
    await until(
      async () => {
        seen = await storage();
        return seen.state === state && seen.sentence === sentence && said(sentence) > 0;
      },
      NOTICED_MS,
      () => `${JSON.stringify(seen)} instead of "${sentence}"`,
    );
    // Once about the journal, and once about the files that follow it.
    expect(said(sentence)).toBeLessThanOrEqual(2);
    expect(log.join('\n')).not.toContain(SECRET);
  };
  const said = (sentence: string): number => log.filter((line) => line.includes(`"msg":"${sentence}"`)).length;

  beforeAll(async () => {
    if (!found) return;
    [server, whatsapp] = await Promise.all([found.start(), spawnWhatsapp()]);
    proxy = await FaultProxy.start(server.port);
    if (hasOpenssl()) expired = await FaultProxy.start(server.port, { tls: makeCertificate('IP:127.0.0.1', -1) });
    await start();
    await untilServing(worker);
    session = await pair({ worker, phones: whatsapp.client }, 'one');
    friend = await whatsapp.client.createPhone({ name: 'friend' });
    await untilOk();
  });
  afterAll(async () => {
    await worker.stop();
    await killWorkers();
    await whatsapp.stop();
    await Promise.all([proxy.stop(), expired?.stop()]);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the owner of a bucket forbids to everybody, and may allow again. */
  const forbid = async (...keys: string[]): Promise<void> => {
    const { accessKey, secretKey, region, port, bucket } = server;
    const client = new Client({ endPoint: '127.0.0.1', port, useSSL: false, accessKey, secretKey, region });
    const actions = ['s3:ListBucket', 's3:GetObject', 's3:PutObject', 's3:DeleteObject'];
    const resources = keys.map((key) => `arn:aws:s3:::${bucket}${key}`);
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: actions, Resource: resources }] };
    await client.setBucketPolicy(bucket, JSON.stringify(policy));
  };

  interface Trouble {
    what: string;
    kind: ObjectStoreTrouble;
    begin: () => Promise<void> | void;
    end: () => Promise<void> | void;
  }
  const fault = (what: string, kind: ObjectStoreTrouble, ...[name]: Parameters<FaultProxy['set']>): Trouble => ({
    ...{ what, kind },
    begin: () => {
      proxy.set(name);
    },
    end: () => {
      proxy.set('pass');
    },
  });
  /** What somebody puts right while the worker runs. */
  const passing: Trouble[] = [
    fault('a server that resets every connection', 'unreachable', 'refuse'),
    fault('a server that breaks its answers off', 'unreachable', 'half-answer'),
    fault('a server that is overloaded', 'unavailable', 'answer-503'),
    fault('a web page instead of a server', 'protocol', 'answer-html'),
    {
      ...{ what: 'a server that is frozen', kind: 'timeout' },
      begin: () => {
        server.freeze();
      },
      end: () => {
        server.thaw();
      },
    },
    {
      ...{ what: 'a bucket that may not be used', kind: 'denied' },
      begin: async () => forbid('', '/*'),
      end: async () => forbid('/nothing-else'),
    },
    {
      ...{ what: 'a clock that is an hour behind', kind: 'clock' },
      begin: () => {
        writeFileSync(clockIsWrong, '');
      },
      end: () => {
        rmSync(clockIsWrong);
      },
    },
  ];
  /** What takes another setting, and with it a restart. */
  const wrongSettings: { what: string; kind: ObjectStoreTrouble; env: () => Record<string, string> }[] = [
    { what: 'a wrong access key', kind: 'credentials', env: () => ({ MINIO_ACCESS_KEY: 'nobody' }) },
    { what: 'a wrong secret key', kind: 'credentials', env: () => ({ MINIO_SECRET_KEY: SECRET }) },
    { what: 'a bucket that cannot be made', kind: 'bucket', env: () => ({ MINIO_BUCKET_NAME: 'no..bucket' }) },
  ];
  if (hasOpenssl()) {
    const env = (): Record<string, string> => ({ MINIO_ENDPOINT: `https://${expired?.endpoint ?? ''}` });
    wrongSettings.push({ what: 'an expired certificate', kind: 'tls', env });
  }

  const goesOnServing = async (text: string): Promise<void> => {
    const before = (await worker.messages('one')).length;
    expect((await worker.send('one', friend.jid, `out of ${text}`)).status).toBe(200);
    await whatsapp.client.send(friend.number, session.number, `in of ${text}`);
    await until(
      async () => (await worker.messages('one')).length === before + 2,
      60_000,
      () => 'a message is not in history',
    );
  };
  const refusesBecauseItRestores = async (): Promise<void> => {
    const refusal = { status: 503, body: { code: 'STORAGE_UNAVAILABLE', retryable: true } };
    expect(await worker.request('GET', '/sessions')).toMatchObject(refusal);
    expect(await worker.send('one', friend.jid, 'nobody is here')).toMatchObject(refusal);
    expect(await worker.request('POST', '/session/create', { sessionId: 'two', userId: 'user123' })).toMatchObject(refusal);
  };
  const loseDisk = async (): Promise<void> => {
    await worker.kill();
    rmSync(dataDir, { recursive: true, force: true });
  };

  describe.each(passing)('$what', ({ what, kind, begin, end }) => {
    it('has its sentence while the sessions go on, and is caught up with afterwards', async () => {
      await begin();
      try {
        await goesOnServing(what);
        await untilSaid('degraded', kind);
        expect((await storage()).lagMs).toBeGreaterThanOrEqual(0);
        await goesOnServing(what);
      } finally {
        await end();
      }
      await untilOk();
      await until(
        () => said('the object store works again') > 0,
        60_000,
        () => 'nobody says that it works again',
      );
    });

    it('has its sentence at a start on an empty disk, which goes on by itself afterwards', async () => {
      await loseDisk();
      await begin();
      try {
        await start();
        await untilSaid('restoring', kind);
        await refusesBecauseItRestores();
      } finally {
        await end();
      }
      await untilServing(worker);
      await worker.untilStatus('one', 'connected');
    });
  });

  describe.each(wrongSettings)('$what', ({ what, kind, env }) => {
    it('has its sentence while the sessions go on, and is caught up with after a start with the right one', async () => {
      await worker.stop();
      await start(env());
      await worker.untilStatus('one', 'connected');
      await goesOnServing(what);
      await untilSaid('degraded', kind);
      expect(await worker.stop()).toBe(0);
      await start();
      await untilOk();
    });

    it('has its sentence at a start on an empty disk, and loses nothing', async () => {
      await loseDisk();
      await start(env());
      await untilSaid('restoring', kind);
      await refusesBecauseItRestores();
      expect(await worker.stop()).toBe(0);
      await start();
      await untilServing(worker);
      await worker.untilStatus('one', 'connected');
    });
  });
});
