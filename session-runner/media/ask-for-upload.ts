// Asks the phone that has the file of a message to upload it again: WhatsApp keeps files for some weeks only.
import {
  decryptMediaRetryData,
  encryptMediaRetryRequest,
  proto,
  type BaileysEventMap,
  type WAMessageKey,
  type WASocket,
} from '../baileys.js';
import { MediaFailure } from './media-failure.js';

const { SUCCESS } = proto.MediaRetryNotification.ResultType;
const ANSWER_MS = 30_000;

type Update = BaileysEventMap['messages.media-update'][number];

/** @returns where it is now @throws MediaFailure `gone` when the phone has it no more, or does not answer */
export const askForUpload = async (sock: WASocket, key: WAMessageKey, mediaKey: Uint8Array, signal: AbortSignal): Promise<string> => {
  const { me } = sock.authState.creds;
  if (!me) throw new MediaFailure('unreachable', 'the session is not paired');
  const answer = waitForUpdate(sock, key.id, signal);
  try {
    await sock.sendNode(encryptMediaRetryRequest(key, Buffer.from(mediaKey), me.id));
    const { media, error } = await answer.update;
    if (error || !media) throw new MediaFailure('gone', error?.message ?? 'the phone did not upload it again');
    const { result, directPath } = decryptMediaRetryData(media, mediaKey, key.id ?? '');
    if (result !== SUCCESS || !directPath) throw new MediaFailure('gone', 'the phone has it no more');
    return directPath;
  } finally {
    answer.stop();
  }
};

/** Baileys' own wait has no end. */
const waitForUpdate = (sock: WASocket, id: WAMessageKey['id'], signal: AbortSignal): { update: Promise<Update>; stop: () => void } => {
  let stop = (): void => undefined;
  const update = new Promise<Update>((resolve, reject) => {
    const onUpdate = (updates: Update[]): void => {
      const found = updates.find(({ key }) => key.id === id);
      if (found) resolve(found);
    };
    const giveUp = (): void => {
      reject(new MediaFailure(signal.aborted ? 'unreachable' : 'gone', 'the phone did not answer'));
    };
    const timer = setTimeout(giveUp, ANSWER_MS);
    signal.addEventListener('abort', giveUp);
    sock.ev.on('messages.media-update', onUpdate);
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      sock.ev.off('messages.media-update', onUpdate);
    };
  });
  // Whoever waits sees it; the request may fail before.
  update.catch(() => undefined);
  return { update, stop };
};
