// Values that strangers chose, each as what it should be and no longer than is useful, or undefined.
import { withoutDevice } from '../../shared/domain/ids.js';
import { shortened } from '../../shared/domain/shortened.js';

const LONGEST_JID = 200;
/** Bytes; phones make thumbnails of a few thousand. */
const LARGEST_THUMBNAIL = 8 * 1024;
const LATEST_MS = Date.UTC(9999, 11, 31);

export const shortText = (value: unknown, most?: number): string | undefined =>
  typeof value === 'string' && value !== '' ? shortened(value, most) : undefined;

export const jidOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_JID ? withoutDevice(value) : undefined;

/** The first `most` of them. */
export const atMost = <T>(value: readonly T[] | null | undefined, most: number): T[] => value?.slice(0, most) ?? [];

/** A number from 0 to the largest that is exact; the protocol's 64-bit numbers come in two halves. */
export const wholeNumber = (value: unknown): number | undefined => {
  const number = typeof value === 'object' && value !== null ? ofHalves(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

const ofHalves = (value: { low?: unknown; high?: unknown }): number | undefined =>
  typeof value.low === 'number' && typeof value.high === 'number' ? (value.high >>> 0) * 2 ** 32 + (value.low >>> 0) : undefined;

export const numberWithin = (value: unknown, least: number, most: number): number | undefined =>
  typeof value === 'number' && value >= least && value <= most ? value : undefined;

/** Unix seconds → ISO 8601. */
export const timeOf = (value: unknown): string | undefined => {
  const seconds = wholeNumber(value);
  return seconds !== undefined && seconds > 0 && seconds * 1000 < LATEST_MS ? new Date(seconds * 1000).toISOString() : undefined;
};

export const digestOf = (value: unknown): string | undefined =>
  value instanceof Uint8Array && value.length === 32 ? Buffer.from(value).toString('hex') : undefined;

/** Base64 of a JPEG that is small enough. */
export const thumbnailOf = (value: unknown): string | undefined =>
  value instanceof Uint8Array && value.length <= LARGEST_THUMBNAIL && value[0] === 0xff && value[1] === 0xd8
    ? Buffer.from(value).toString('base64')
    : undefined;
