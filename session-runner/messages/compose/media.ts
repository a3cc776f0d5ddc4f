// Messages that bring a file which WhatsApp's media server has already.
import type { OutgoingFile } from '../../../shared/domain/outgoing-file.js';
import { AppError } from '../../../shared/errors.js';
import type { proto } from '../../baileys.js';
import type { Compose, Composing } from './composing.js';
import { contextOf } from './context.js';

/** Where the file is and how it is opened. */
const whereIs = (file: OutgoingFile, { uploaded }: Composing) => {
  if (!uploaded) throw new AppError('INTERNAL', 'The file of the message is not uploaded.');
  return {
    url: uploaded.url,
    directPath: uploaded.directPath,
    mediaKey: Buffer.from(uploaded.mediaKey, 'base64'),
    mediaKeyTimestamp: Math.floor(uploaded.at / 1000),
    fileEncSha256: Buffer.from(uploaded.sealedSha256, 'base64'),
    fileSha256: Buffer.from(file.sha256, 'hex'),
    fileLength: file.bytes,
    mimetype: file.mimetype,
  };
};

const pixelsOf = ({ width, height }: OutgoingFile) => (width !== undefined && height !== undefined ? { width, height } : {});
const secondsOf = ({ seconds }: OutgoingFile) => (seconds === undefined ? {} : { seconds });
const captionOf = ({ caption }: { caption?: string | undefined }) => (caption === undefined ? {} : { caption });
/** Phones show it once only in this wrapping. */
const perhapsOnce = (viewOnce: boolean, message: proto.IMessage): proto.IMessage =>
  viewOnce ? { viewOnceMessageV2: { message } } : message;

export const composeImage: Compose<'image'> = (content, composing) => ({
  message: perhapsOnce(content.viewOnce, {
    imageMessage: {
      ...whereIs(content.file, composing),
      ...pixelsOf(content.file),
      ...captionOf(content),
      ...(content.viewOnce && { viewOnce: true }),
      ...contextOf(content, composing),
    },
  }),
});

export const composeVideo: Compose<'video'> = (content, composing) => {
  const video = {
    ...whereIs(content.file, composing),
    ...pixelsOf(content.file),
    ...secondsOf(content.file),
    ...captionOf(content),
    ...(content.animated && { gifPlayback: true }),
    ...(content.viewOnce && { viewOnce: true }),
    ...contextOf(content, composing),
  };
  return { message: perhapsOnce(content.viewOnce, content.note ? { ptvMessage: video } : { videoMessage: video }) };
};

export const composeAudio: Compose<'audio'> = (content, composing) => ({
  message: perhapsOnce(content.viewOnce, {
    audioMessage: {
      ...whereIs(content.file, composing),
      ...secondsOf(content.file),
      ptt: content.voice,
      ...(content.viewOnce && { viewOnce: true }),
      ...contextOf({}, composing),
    },
  }),
});

export const composeDocument: Compose<'document'> = (content, composing) => {
  const document = {
    ...whereIs(content.file, composing),
    fileName: content.fileName,
    title: content.fileName,
    ...captionOf(content),
    ...contextOf(content, composing),
  };
  // Phones show a caption only in this wrapping.
  return {
    message:
      content.caption === undefined
        ? { documentMessage: document }
        : { documentWithCaptionMessage: { message: { documentMessage: document } } },
  };
};

export const composeSticker: Compose<'sticker'> = (content, composing) => ({
  message: {
    stickerMessage: {
      ...whereIs(content.file, composing),
      ...pixelsOf(content.file),
      ...(content.file.animated === true && { isAnimated: true }),
      ...contextOf({}, composing),
    },
  },
});
