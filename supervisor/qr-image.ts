// The one file that draws QR codes.
import { createRequire } from 'node:module';
import { crc32, deflateSync } from 'node:zlib';
import type QRCode from 'qrcode';
import type { QRCodeSegment } from 'qrcode';

const load = createRequire(import.meta.url);
/** Loaded with the first code: three megabytes that a worker need not have whose sessions are all paired. */
const qrcode = (): typeof QRCode => load('qrcode') as typeof QRCode;

/** Pixels per module. */
const SCALE = 6;
/** Modules of white around the code, as the standard asks. */
const MARGIN = 4;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Said, because to find out takes `qrcode` nine tenths of its time: bytes are the shortest for what WhatsApp has in a code, and over keys, which
 * look random, all masks are alike.
 */
const segmentsOf = (value: string): QRCodeSegment[] => [{ data: Buffer.from(value), mode: 'byte' }];
const HOW = { errorCorrectionLevel: 'L', maskPattern: 0 } as const;

/**
 * A PNG of one bit per pixel: a fifth of the bytes of the 32-bit one that `qrcode` draws, so that its data
 * URL stays below the 2000 characters that some backends store.
 */
export const qrPng = (value: string): Buffer => {
  const { size, data } = qrcode().create(segmentsOf(value), HOW).modules;
  const side = (size + 2 * MARGIN) * SCALE;
  // A line is a filter byte (0: none) and its pixels, white being 1.
  const stride = 1 + Math.ceil(side / 8);
  const lines = Buffer.alloc(stride * side, 0xff);
  const line = Buffer.alloc(stride);
  for (let y = 0; y < side; y++) lines[y * stride] = 0;
  for (let row = 0; row < size; row++) {
    line.fill(0xff, 1);
    for (let column = 0; column < size; column++) {
      if (!data[row * size + column]) continue;
      const left = (column + MARGIN) * SCALE;
      for (let x = left; x < left + SCALE; x++) line[1 + (x >> 3)] = (line[1 + (x >> 3)] ?? 0) & ~(0x80 >> (x & 7));
    }
    const top = (row + MARGIN) * SCALE;
    for (let y = top; y < top + SCALE; y++) line.copy(lines, y * stride);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Bit depth 1; colour type grey, compression, filter and interlace are all 0.
  header[8] = 1;
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(lines, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
};

/** `data:image/png;base64,…` */
export const qrDataUrl = (value: string): string => `data:image/png;base64,${qrPng(value).toString('base64')}`;

export const qrSvg = async (value: string): Promise<string> =>
  qrcode().toString(segmentsOf(value), { type: 'svg', margin: MARGIN, ...HOW });

const chunk = (type: string, content: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
};
