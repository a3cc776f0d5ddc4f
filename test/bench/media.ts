import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';
import { generatedBytes } from '../whatsapp/media/generated-bytes.js';
import type { Bench } from './bench.js';
import { memoryOf, sumMemory } from './process-memory.js';

const FILE_BYTES = 1024 ** 3;
/** Whatever is loaded with the first file is there then. */
const WARM_UP_BYTES = 4 * 1024 ** 2;
const MAX_GROWTH_MIB = 64;
const SAMPLE_MS = 200;
const PATIENCE_MS = 1_800_000;

/** A document of 1 GiB is fetched from a URL and sent to a phone, which opens it; memory is that of all processes of the worker. */
export const media: Bench = async () => {
  const files = createServer((request, response) => {
    const bytes = Number(request.url?.slice(1));
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
    // Whoever breaks it off is noticed by what is missing.
    pipeline(Readable.from(generatedBytes(bytes, String(bytes)), { objectMode: false }), response).catch(() => undefined);
  });
  files.listen(0, '127.0.0.1');
  await once(files, 'listening');
  const base = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  const scene = await openScene({
    env: { MEDIA_FETCH_ALLOW: '127.0.0.1', MEDIA_MIN_FREE_BYTES: '0', MEDIA_FETCH_TIMEOUT_MS: '600000', SEND_DEADLINE_MS: '300000' },
  });
  try {
    await pair(scene, 'alice');
    const friend = (await scene.phones.createPhone({ name: 'Friend' })).number;
    await send(scene, friend, `${base}/${WARM_UP_BYTES}`);
    const memory = await watchMemory(scene);
    const startedAt = performance.now();
    const messageId = await send(scene, friend, `${base}/${FILE_BYTES}`);
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const { before, peak } = memory.stop();
    const shown = await scene.phones.waitForShown(friend, messageId, PATIENCE_MS);
    const arrived = shown.details.media?.sha256 === (await digestOf(FILE_BYTES));
    const left = ['tmp', 'staging'].flatMap((folder) => readdirSync(join(scene.dataDir, folder)));
    const growthMiB = Math.round((peak - before) / 102.4) / 10;
    return {
      results: {
        fileMiB: FILE_BYTES / 1024 ** 2,
        seconds,
        rssBeforeMiB: Math.round(before / 1024),
        rssPeakMiB: Math.round(peak / 1024),
        growthMiB,
      },
      targets: [
        { name: 'growthMiB', value: growthMiB, limit: MAX_GROWTH_MIB, unit: 'MiB' },
        { name: 'files that arrived changed', value: Number(!arrived), limit: 0, unit: 'files' },
        { name: 'files left behind', value: left.length, limit: 0, unit: 'files' },
      ],
    };
  } finally {
    await scene.close();
    files.close();
  }
};

/** Resolves with its id once WhatsApp has it. */
const send = async ({ worker }: Scene, to: string, mediaUrl: string): Promise<string> => {
  const request = async () =>
    worker.request('POST', '/session/alice/send', { to, type: 'document', mediaUrl }, { 'idempotency-key': mediaUrl });
  let answer = await request();
  await until(
    async () => answer.status === 200 || (answer = await request()).status === 200,
    PATIENCE_MS,
    () => JSON.stringify(answer.body),
  );
  return String(answer.body.data?.['messageId']);
};

/** Resident memory of all processes, in kilobytes. */
const watchMemory = async ({ worker }: Scene) => {
  const pids = [worker.child.pid ?? 0, ...(await worker.runners()).flatMap(({ pid }) => pid ?? [])];
  const now = (): number => sumMemory(pids.map(memoryOf)).rss;
  const before = now();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, now())), SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return { before, peak: Math.max(peak, now()) };
    },
  };
};

const digestOf = async (bytes: number): Promise<string> => {
  const digest = createHash('sha256');
  for await (const piece of generatedBytes(bytes, String(bytes))) digest.update(piece);
  return digest.digest('hex');
};
