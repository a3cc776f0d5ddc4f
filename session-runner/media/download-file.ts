// Downloads a file from WhatsApp's media hosts to a path, in constant memory and with limits of size and time.
import { open, rm } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { messageOf } from '../../shared/errors.js';
import { fetchThrough } from '../proxy/fetch-through.js';
import type { FilePointer } from './file-pointer.js';
import { MediaFailure } from './media-failure.js';
import { unsealFile, type UnsealedFile } from './unseal-file.js';

export interface DownloadOptions {
  /** Tried in their order. */
  hosts: readonly string[];
  /** Of a file that is not there yet; it is there only when this resolves. */
  path: string;
  /** Larger files are refused. */
  maxBytes: number;
  /** Less than `STALL_BYTES` in this time is no download. */
  stallMs?: number;
  signal: AbortSignal;
  /** Through which it goes; undefined: directly. */
  agent?: Agent | undefined;
}

const STALL_MS = 30_000;
const STALL_BYTES = 16 * 1024;
/** What sealing adds at most. */
const SEAL_BYTES = 16 + 10;
/** WhatsApp's answers for a file that it does not keep any more. */
const GONE: ReadonlySet<number> = new Set([403, 404, 410]);

/** @throws MediaFailure */
export const downloadFile = async (pointer: FilePointer, options: DownloadOptions): Promise<UnsealedFile> => {
  let failure = new MediaFailure('unreachable', 'WhatsApp named no media host');
  for (const host of options.hosts) {
    try {
      return await fromHost(host, pointer, options);
    } catch (error) {
      await rm(options.path, { force: true });
      failure = failureOf(error, options.signal);
      // Another host has the same file; only one that is not reached, or breaks it, may be worse than another.
      if (options.signal.aborted || (failure.reason !== 'unreachable' && failure.reason !== 'damaged')) throw failure;
    }
  }
  throw failure;
};

const fromHost = async (
  host: string,
  pointer: FilePointer,
  { path, maxBytes, stallMs = STALL_MS, signal, agent }: DownloadOptions,
): Promise<UnsealedFile> => {
  const watch = new StallWatch(stallMs);
  try {
    const address = new URL(`https://${host}${pointer.directPath}`);
    const init = { headers: { Origin: 'https://web.whatsapp.com' }, signal: AbortSignal.any([signal, watch.signal]) };
    const response = await (agent ? fetchThrough(agent, address, init) : fetch(address, init));
    const { body } = response;
    if (!response.ok || !body) {
      await body?.cancel();
      throw new MediaFailure(GONE.has(response.status) ? 'gone' : 'unreachable', `the media host answered ${response.status}`);
    }
    const limit = maxBytes + SEAL_BYTES;
    if (Number(response.headers.get('content-length') ?? 0) > limit) {
      await body.cancel();
      throw tooLarge();
    }
    return await write(path, unsealFile(watched(body, limit, watch), pointer));
  } finally {
    watch.stop();
  }
};

async function* watched(body: AsyncIterable<Uint8Array>, limit: number, watch: StallWatch): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of body) {
    watch.saw(piece.length);
    bytes += piece.length;
    if (bytes > limit) throw tooLarge();
    yield piece;
  }
}

const write = async (path: string, pieces: AsyncGenerator<Buffer, UnsealedFile>): Promise<UnsealedFile> => {
  const file = await open(path, 'wx', 0o600).catch(onDisk);
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done) return next.value;
      await file.writeFile(next.value).catch(onDisk);
    }
  } finally {
    await pieces.return({ sha256: '', bytes: 0 });
    await file.close();
  }
};

/** Aborts when too little comes. */
class StallWatch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #bytes = STALL_BYTES;

  constructor(stallMs: number) {
    this.#timer = setInterval(() => {
      if (this.#bytes < STALL_BYTES)
        this.#controller.abort(new MediaFailure('unreachable', 'the media host sends nothing, or next to nothing'));
      this.#bytes = 0;
    }, stallMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  saw(bytes: number): void {
    this.#bytes += bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const tooLarge = (): MediaFailure => new MediaFailure('too_large', 'the file is larger than allowed');

const onDisk = (cause: unknown): never => {
  throw new MediaFailure('disk', messageOf(cause), { cause });
};

const failureOf = (error: unknown, signal: AbortSignal): MediaFailure => {
  if (error instanceof MediaFailure) return error;
  if (signal.aborted) return new MediaFailure('unreachable', 'it was given up');
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new MediaFailure('unreachable', messageOf(cause), { cause: error });
};
