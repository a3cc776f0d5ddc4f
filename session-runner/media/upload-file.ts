import type { IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { MediaHosts } from './media-hosts.js';
import { sealedBytes, sealFile, type FileToSeal, type SealedDigests } from './seal-file.js';

interface UploadHosts extends MediaHosts {
  /** Through which they are reached; undefined: directly. */
  agent?: Agent | undefined;
}

export interface UploadOptions {
  /** Asked before each round, since what it says grows old. */
  hosts: () => Promise<UploadHosts | undefined>;
  /** Given up when it aborts. */
  signal: AbortSignal;
  log: Logger;
  /** Silence in which neither the file moves on nor an answer comes. */
  idleMs?: number;
  /** Before each further round over all hosts. */
  pausesMs?: readonly number[];
}

/** Where the media server put a file. */
export interface Place {
  url: string;
  directPath: string;
}

const FOLDERS: Readonly<Record<FileToSeal['as'], string>> = {
  image: 'image',
  video: 'video',
  audio: 'audio',
  document: 'document',
  sticker: 'image',
};
const ORIGIN = 'https://web.whatsapp.com';
const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
const PAUSES_MS = [1_000, 5_000];
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Uploads a file while it is encrypted: nothing of it is kept in memory, and nothing is written.
 * @throws RUNNER_UNAVAILABLE when no server took it, MESSAGE_REJECTED when they never will
 */
export const uploadFile = async (file: FileToSeal, digests: SealedDigests, options: UploadOptions): Promise<Place> => {
  const { signal, log, hosts, pausesMs = PAUSES_MS } = options;
  for (let round = 0; ; round++) {
    const asked = await hosts().catch((error: unknown) => {
      log.info({ cause: messageOf(error) }, 'WhatsApp did not say where to upload');
      return undefined;
    });
    const found = asked ?? { hosts: [], auth: '' };
    for (const host of found.hosts) {
      try {
        return await uploadTo(host, found, file, digests, options);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof AppError) throw error;
        log.info({ host, cause: messageOf(error) }, 'an upload did not succeed');
      }
    }
    const pause = pausesMs[round];
    if (pause === undefined) throw new AppError('RUNNER_UNAVAILABLE', "WhatsApp's media servers did not take the file.");
    await setTimeout(pause, undefined, { signal });
  }
};

const uploadTo = async (
  host: string,
  { auth, agent }: UploadHosts,
  file: FileToSeal,
  { sealedSha256, bytes }: SealedDigests,
  { signal, idleMs = IDLE_MS }: UploadOptions,
): Promise<Place> => {
  const token = sealedSha256.toString('base64url');
  const url = new URL(`https://${host}/mms/${FOLDERS[file.as]}/${token}`);
  url.search = new URLSearchParams({ auth, token }).toString();
  // Loaded with the first file: most runners never need it.
  const { got } = await import('got');
  const request = got.stream.post(url, {
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(sealedBytes(bytes)), origin: ORIGIN },
    timeout: { connect: CONNECT_MS, secureConnect: CONNECT_MS, socket: idleMs },
    signal,
    ...(agent && { agent: { https: agent } }),
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
  answered.catch(() => undefined);
  try {
    let body = '';
    await pipeline(sealFile(file), request, async (answer: AsyncIterable<Buffer>) => {
      body = await textOf(answer);
    });
    return placeIn((await answered).statusCode ?? 0, body);
  } finally {
    request.destroy();
  }
};

const textOf = async (answer: AsyncIterable<Buffer>): Promise<string> => {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
};

/** Refusals that another try would only meet again. */
const FINAL = new Set([413, 415]);

const placeIn = (status: number, body: string): Place => {
  if (FINAL.has(status)) throw new AppError('MESSAGE_REJECTED', `WhatsApp's media server refused the file (${status}).`);
  if (status !== 200) throw new Error(`the media server answered ${status}`);
  const { url, direct_path: directPath } = JSON.parse(body) as { url?: unknown; direct_path?: unknown };
  if (typeof url !== 'string' || typeof directPath !== 'string') throw new Error('the media server did not say where the file is');
  return { url, directPath };
};
