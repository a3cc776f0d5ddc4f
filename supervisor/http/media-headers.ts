// Under which type and name a file of a stranger may reach a browser.
import type { MediaFile } from '../worker.js';

const HARMLESS =
  /^(image\/(jpeg|png|gif|webp|heic|heif|avif|bmp|tiff)|(audio|video)\/[a-z0-9][a-z0-9.-]*|text\/(plain|csv|vcard|calendar)|application\/(pdf|zip|gzip|json|rtf|msword|ogg|x-7z-compressed|vnd\.[a-z0-9.-]+))$/;
const CODECS = /;\s*(codecs=[a-z0-9.,-]+)\s*$/;

/** The sender's word for it, unless a browser could take the file for a page or a program. */
export const harmlessType = (mimetype: string | undefined): string => {
  const given = mimetype?.toLowerCase() ?? '';
  const type = given.split(';')[0]?.trim() ?? '';
  if (!HARMLESS.test(type)) return 'application/octet-stream';
  if (type.startsWith('text/')) return `${type}; charset=utf-8`;
  const [, codecs] = /^(audio|video)\//.test(type) ? (CODECS.exec(given) ?? []) : [];
  return codecs === undefined ? type : `${type}; ${codecs}`;
};

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'application/pdf': 'pdf',
};
const LONGEST_NAME = 150;
/** Control characters, what separates folders or means something to a shell or a drive, and what turns the direction of writing. */
const UNSAFE = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]/gu;

/** Always to be saved, never to be shown in place. */
export const dispositionOf = ({ fileName, messageId, mimetype }: Pick<MediaFile, 'fileName' | 'messageId' | 'mimetype'>): string => {
  const name = safeName(fileName) ?? `${safeName(messageId) ?? 'file'}.${EXTENSIONS[harmlessType(mimetype).split(';')[0] ?? ''] ?? 'bin'}`;
  const plain = name.replace(/[^\x20-\x7e]|[%"\\]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
};

const safeName = (name: string | undefined): string | undefined => {
  const safe = [...(name ?? '').replace(UNSAFE, '_').replace(/^[.\s]+|[.\s]+$/g, '')];
  if (safe.length <= LONGEST_NAME) return safe.join('') || undefined;
  // With its ending, by which people and systems go.
  const ending = /\.[^.]{1,10}$/.exec(safe.join(''))?.[0] ?? '';
  return safe.slice(0, LONGEST_NAME - ending.length).join('') + ending;
};
