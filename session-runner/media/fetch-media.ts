import type { Agent } from 'node:http';
import type { MediaDownload, MediaDownloaded } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { WASocket } from '../baileys.js';
import { askForUpload } from './ask-for-upload.js';
import { downloadFile } from './download-file.js';
import { filePointerOf, type FilePointer } from './file-pointer.js';
import { MediaFailure } from './media-failure.js';
import { askForMediaHosts } from './media-hosts.js';
import type { UnsealedFile } from './unseal-file.js';

interface FetchMediaOptions {
  signal: AbortSignal;
  /** Through which it is downloaded; undefined: directly. */
  agent: Agent | undefined;
  log: Logger;
}

/** Brings the file of a message to the path that the supervisor names; one that WhatsApp has no more is asked of the phone, once. */
export const fetchMedia = async (
  sock: WASocket,
  wanted: MediaDownload,
  { signal, agent, log }: FetchMediaOptions,
): Promise<MediaDownloaded> => {
  try {
    const pointer = filePointerOf(wanted.raw);
    const options = { hosts: await hostsFor(sock), path: wanted.path, maxBytes: wanted.maxBytes, signal, agent };
    const again = async (failure: unknown): Promise<UnsealedFile> => {
      if (!(failure instanceof MediaFailure) || failure.reason !== 'gone') throw failure;
      const directPath = await askForUpload(sock, keyOf(wanted), pointer.mediaKey, signal);
      return downloadFile({ ...pointer, directPath } satisfies FilePointer, options);
    };
    return { outcome: 'kept', ...(await downloadFile(pointer, options).catch(again)) };
  } catch (error) {
    if (!(error instanceof MediaFailure)) throw error;
    log.info({ reason: error.reason, cause: error.message }, 'a file of a message could not be had');
    return { outcome: 'failed', reason: error.reason };
  }
};

const keyOf = ({ messageId, chat, fromMe, participant }: MediaDownload) => ({
  ...{ id: messageId, remoteJid: chat, fromMe },
  ...(participant !== undefined && { participant }),
});

const HOSTS_MS = 5 * 60_000;
const knownHosts = new WeakMap<WASocket, { hosts: readonly string[]; at: number }>();

const hostsFor = async (sock: WASocket): Promise<readonly string[]> => {
  const known = knownHosts.get(sock);
  if (known && performance.now() - known.at < HOSTS_MS) return known.hosts;
  const found = await askForMediaHosts(sock);
  if (!found) throw new MediaFailure('unreachable', 'WhatsApp named no media host');
  knownHosts.set(sock, { hosts: found.hosts, at: performance.now() });
  return found.hosts;
};
