// Files that a message brings, as it describes them; the files themselves are elsewhere.
import type { proto } from '../baileys.js';
import { digestOf, shortText, thumbnailOf, wholeNumber } from './bounded.js';
import { said, textOr, type Detailed } from './described.js';

const LONGEST_MIMETYPE = 200;

interface File {
  mimetype?: string | null;
  fileLength?: unknown;
  fileSha256?: Uint8Array | null;
}

const fileOf = ({ mimetype, fileLength, fileSha256 }: File) => ({
  mimetype: shortText(mimetype, LONGEST_MIMETYPE),
  bytes: wholeNumber(fileLength),
  sha256: digestOf(fileSha256),
});

const sizeOf = ({ width, height }: { width?: number | null; height?: number | null }) => ({
  width: wholeNumber(width),
  height: wholeNumber(height),
});

export const describeImage = (image: proto.Message.IImageMessage, viewOnce: boolean): Detailed => ({
  type: 'image',
  content: textOr(image.caption),
  details: said({
    ...fileOf(image),
    ...sizeOf(image),
    thumbnail: thumbnailOf(image.jpegThumbnail),
    viewOnce: viewOnce || image.viewOnce === true,
  }),
});

export const describeVideo = (video: proto.Message.IVideoMessage, viewOnce: boolean, note: boolean): Detailed => ({
  type: 'video',
  content: textOr(video.caption),
  details: said({
    ...fileOf(video),
    ...sizeOf(video),
    seconds: wholeNumber(video.seconds),
    thumbnail: thumbnailOf(video.jpegThumbnail),
    animated: video.gifPlayback === true,
    note,
    viewOnce: viewOnce || video.viewOnce === true,
  }),
});

export const describeAudio = (audio: proto.Message.IAudioMessage, viewOnce: boolean): Detailed => ({
  type: 'audio',
  content: null,
  details: said({
    ...fileOf(audio),
    seconds: wholeNumber(audio.seconds),
    voice: audio.ptt === true,
    viewOnce: viewOnce || audio.viewOnce === true,
  }),
});

export const describeDocument = (document: proto.Message.IDocumentMessage): Detailed => ({
  type: 'document',
  content: textOr(document.caption),
  details: said({
    ...fileOf(document),
    fileName: shortText(document.fileName) ?? shortText(document.title),
    pages: wholeNumber(document.pageCount),
    thumbnail: thumbnailOf(document.jpegThumbnail),
  }),
});

export const describeSticker = (sticker: proto.Message.IStickerMessage): Detailed => ({
  type: 'sticker',
  content: null,
  details: said({ ...fileOf(sticker), ...sizeOf(sticker), animated: sticker.isAnimated === true || sticker.isLottie === true }),
});
