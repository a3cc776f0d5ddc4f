import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import { ControlError } from '../control/control-error.js';

/** What a pairing QR code says. */
export interface QrContent {
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  readonly advSecret: Buffer;
}

const DATA_URL = /^data:image\/png;base64,([A-Za-z0-9+/=]+)$/;
// The package is CommonJS, and to Node its function is the `default` of what it exports.
const decodeQr = jsqr.default;

function textOf(image: string): string {
  const match = DATA_URL.exec(image);
  if (!match) return image;
  let text: string | undefined;
  try {
    const { data, width, height } = PNG.sync.read(Buffer.from(match[1] ?? '', 'base64'));
    text = decodeQr(new Uint8ClampedArray(data), width, height)?.data;
  } catch (error) {
    throw new ControlError(
      400,
      'INVALID_QR',
      `the data URL holds no readable PNG: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (text === undefined) throw new ControlError(400, 'INVALID_QR', 'there is no QR code in that picture');
  return text;
}

/** Reads a QR code, given as its text or as a PNG data URL. Throws 400 INVALID_QR. */
export function readQrCode(qr: string): QrContent {
  const text = textOf(qr);
  const [ref, noiseKey, identity, advSecret] = text.slice(text.indexOf('#') + 1).split(',');
  if (!ref || !noiseKey || !identity || !advSecret) throw new ControlError(400, 'INVALID_QR', 'that is no pairing code of WhatsApp');
  const bytes = [noiseKey, identity, advSecret].map((part) => Buffer.from(part, 'base64'));
  const [noise, ident, secret] = bytes;
  if (noise?.length !== 32 || ident?.length !== 32 || secret?.length !== 32) {
    throw new ControlError(400, 'INVALID_QR', 'a key in that code does not have 32 bytes');
  }
  return { ref, noiseKey: noise, identity: ident, advSecret: secret };
}
