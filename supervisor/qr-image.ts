// The one file that draws QR codes.
import { crc32, deflateSync } from 'node:zlib';
import QRCode from 'qrcode';

/** Pixels per module. */
const SCALE = 6;
/** Modules of white around the code, as the standard asks. */
const MARGIN = 4;
const LEVEL = 'L';
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * A PNG of one bit per pixel: a fifth of the bytes of the 32-bit one that `qrcode` draws, so that its data
 * URL stays below the 2000 characters that some backends store.
 */
export const qrPng = (value: string): Buffer => {
  const { size, data } = QRCode.create(value, { errorCorrectionLevel: LEVEL }).modules;
  const side = (size + 2 * MARGIN) * SCALE;
  // A row is a filter byte (0: none) and its pixels, white being 1.
  const stride = 1 + Math.ceil(side / 8);
  const pixels = Buffer.alloc(stride * side, 0xff);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(y / SCALE) - MARGIN;
    pixels[y * stride] = 0;
    if (row < 0 || row >= size) continue;
    for (let x = MARGIN * SCALE; x < side - MARGIN * SCALE; x++) {
      const column = Math.floor(x / SCALE) - MARGIN;
      const at = y * stride + 1 + (x >> 3);
      if (data[row * size + column]) pixels[at] = (pixels[at] ?? 0) & ~(0x80 >> (x & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Bit depth 1; colour type grey, compression, filter and interlace are all 0.
  header[8] = 1;
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};

/** `data:image/png;base64,…` */
export const qrDataUrl = (value: string): string => `data:image/png;base64,${qrPng(value).toString('base64')}`;

export const qrSvg = async (value: string): Promise<string> =>
  QRCode.toString(value, { type: 'svg', margin: MARGIN, errorCorrectionLevel: LEVEL });

const chunk = (type: string, content: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
};
