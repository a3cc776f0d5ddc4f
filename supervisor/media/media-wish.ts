// What a client wants to have sent with a file, and where the file is to come from.
import { createHash } from 'node:crypto';
import type { OutgoingContent } from '../../shared/domain/outgoing.js';
import type { OutgoingFile } from '../../shared/domain/outgoing-file.js';
import type { StagedUpload } from './media-intake.js';
import type { SendableType } from './sendable.js';

export type MediaSource =
  | { from: 'url'; url: string }
  | { from: 'key'; key: string }
  /** In the request itself. */
  | { from: 'bytes'; bytes: Buffer }
  | { from: 'upload'; staged: StagedUpload };

/** What the message says beside its file; each type takes what it can have. */
export interface MediaWish {
  type: SendableType;
  caption?: string | undefined;
  mentions?: string[] | undefined;
  /** Id of the message that it answers. */
  quoted?: string | undefined;
  fileName?: string | undefined;
  viewOnce?: boolean | undefined;
  gifPlayback?: boolean | undefined;
  note?: boolean | undefined;
}

/** The same for what would be the same message. */
export const wishIdentity = (wish: MediaWish, source: MediaSource): unknown => {
  switch (source.from) {
    case 'url':
      return [wish, source.url];
    case 'key':
      return [wish, source.key];
    case 'bytes':
      return [wish, createHash('sha256').update(source.bytes).digest('hex')];
    case 'upload':
      return [wish, source.staged.sha256];
  }
};

/** @param named what the source called the file */
export const contentOf = (wish: MediaWish, file: OutgoingFile, named: string | undefined): OutgoingContent => {
  const { caption, mentions, quoted, viewOnce = false } = wish;
  const answering = { file, ...(quoted !== undefined && { quoted }) };
  const words = { ...(caption !== undefined && { caption }), ...(mentions && { mentions }) };
  switch (wish.type) {
    case 'image':
      return { type: 'image', ...answering, ...words, viewOnce };
    case 'video':
      return { type: 'video', ...answering, ...words, viewOnce, animated: wish.gifPlayback ?? false, note: wish.note ?? false };
    case 'audio':
    case 'voice':
      return { type: 'audio', ...answering, viewOnce, voice: wish.type === 'voice' };
    case 'document':
      return { type: 'document', ...answering, ...words, fileName: wish.fileName ?? fileNameFrom(named) ?? 'file' };
    case 'sticker':
      return { type: 'sticker', ...answering };
  }
};

const LONGEST_NAME = 255;

/** A name that is one: without folders, and without what no name has. */
const fileNameFrom = (named: string | undefined): string | undefined => {
  const name = (named?.split(/[/\\]/).at(-1) ?? '').replaceAll(/\p{Cc}|\p{Surrogate}/gu, '').trim();
  return name === '' ? undefined : name.slice(0, LONGEST_NAME).replace(/\p{Surrogate}$/u, '');
};
