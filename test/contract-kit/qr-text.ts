import jsqr from 'jsqr';
import { PNG } from 'pngjs';

const DATA_URL = /^data:image\/png;base64,([A-Za-z0-9+/]+={0,2})$/;
// The package is CommonJS, and to Node its function is the `default` of what it exports.
const decodeQr = jsqr.default;

/** Reads the QR code in a PNG data URL. @throws Error with a sentence when there is none */
export const qrText = (dataUrl: string): string => {
  const base64 = DATA_URL.exec(dataUrl)?.[1];
  if (base64 === undefined) throw new Error('it is no PNG data URL');
  let image: PNG;
  try {
    image = PNG.sync.read(Buffer.from(base64, 'base64'));
  } catch (error) {
    throw new Error(`its bytes are no PNG: ${error instanceof Error ? error.message : String(error)}`);
  }
  const text = decodeQr(new Uint8ClampedArray(image.data), image.width, image.height)?.data;
  if (!text) throw new Error('no QR code can be read in the picture');
  return text;
};

/** True for the text of a QR code, and for a picture of one. */
export const readableQr = (qrCode: unknown): boolean => {
  if (typeof qrCode !== 'string' || qrCode === '') return false;
  if (!qrCode.startsWith('data:')) return true;
  try {
    return qrText(qrCode) !== '';
  } catch {
    return false;
  }
};
