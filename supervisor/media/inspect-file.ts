// What a file is, by its bytes. Its parsers meet whatever anybody sends: see file-inspector.ts.
import { open } from 'node:fs/promises';
import { fileTypeFromFile } from 'file-type';
import { imageSizeFromFile } from 'image-size/fromFile';
import { parseFile } from 'music-metadata';

/** What is not known is left out. */
export interface FileFacts {
  mimetype?: string;
  width?: number;
  height?: number;
  /** Whole, rounded up: nothing that plays lasts 0. */
  seconds?: number;
  /** Of a WebP file. */
  animated?: boolean;
}

export const inspectFile = async (path: string): Promise<FileFacts> => {
  const found = await fileTypeFromFile(path);
  if (!found) return {};
  const { mime: mimetype } = found;
  if (mimetype === 'image/webp') return { mimetype, ...(await pixelsOf(path)), animated: await isAnimatedWebp(path) };
  if (mimetype.startsWith('image/')) return { mimetype, ...(await pixelsOf(path)) };
  if (/^(audio|video)\//.test(mimetype)) return { mimetype, ...(await secondsOf(path)) };
  return { mimetype };
};

/** A message without them is still one. */
const unlessUnreadable = async (read: Promise<Omit<FileFacts, 'mimetype'>>): Promise<Omit<FileFacts, 'mimetype'>> => read.catch(() => ({}));

const pixelsOf = async (path: string): Promise<Omit<FileFacts, 'mimetype'>> =>
  unlessUnreadable(
    imageSizeFromFile(path).then(({ width, height, orientation = 1 }) =>
      // Turned by a quarter.
      orientation >= 5 ? { width: height, height: width } : { width, height },
    ),
  );

const secondsOf = async (path: string): Promise<Omit<FileFacts, 'mimetype'>> =>
  unlessUnreadable(
    parseFile(path, { skipCovers: true }).then(({ format: { duration } }) =>
      duration !== undefined && Number.isFinite(duration) && duration > 0 ? { seconds: Math.ceil(duration) } : {},
    ),
  );

/** The flag is in the extended header, which comes first. */
const isAnimatedWebp = async (path: string): Promise<boolean> => {
  const file = await open(path);
  try {
    const head = Buffer.alloc(21);
    await file.read(head, 0, head.length, 0);
    return head.toString('latin1', 12, 16) === 'VP8X' && ((head[20] ?? 0) & 2) !== 0;
  } finally {
    await file.close();
  }
};
