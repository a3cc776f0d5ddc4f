import type { S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';
import { HOW_TO_INSTALL, ownServers } from '../../support/object-servers/find.js';
import type { Bench, BenchOutcome } from '../bench.js';
import { authCommits } from './auth-commits.js';
import { round } from './figures.js';
import { messagesStored, pagesRead } from './history-work.js';
import { inChild } from './in-child.js';
import { saveAndRestore } from './save-and-restore.js';
import { shipping } from './shipping.js';

/** A shorter run measures each figure less often, and uploads less. */
const SHORT_SECONDS = 30;
const REPEATS = { long: 5, short: 3 };
const UPLOAD_BYTES = { long: 2 ** 30, short: 2 ** 28 };
const UPLOAD_GROWTH_MIB = 64;
const DEEP_HISTORY = { long: 200_000, short: 50_000 };
const PAGE_READS = 20;

/** The stores of a worker and the object store behind them. */
export const storage: Bench = async ({ sessions, seconds }) => {
  const [found] = ownServers();
  if (!found) throw new Error(HOW_TO_INSTALL);
  const length = seconds < SHORT_SECONDS ? 'short' : 'long';
  const each = seconds / SHORT_SECONDS;
  const outcomes: BenchOutcome[] = [];
  const done = (name: string, outcome: Partial<BenchOutcome>): void => {
    outcomes.push({ results: {}, targets: [], ...outcome });
    console.log(`  ${name}: done`);
  };
  done('auth commits', await authCommits(REPEATS[length], Math.min(each, 2)));
  done('messages stored', await messagesStored(REPEATS[length], Math.min(each, 2)));
  done('pages read', await pagesRead(DEEP_HISTORY[length], PAGE_READS));
  const { stop, endpoint, accessKey, secretKey, bucket, region, useSsl } = await found.start();
  const server: S3ObjectStoreOptions = { endpoint, accessKey, secretKey, bucket, region, useSsl };
  try {
    console.log(`  object store: ${found.name}`);
    done('upload', await upload(server, UPLOAD_BYTES[length]));
    done('save and restore', await saveAndRestore(server, sessions));
    done('shipping', await shipping(server, seconds));
  } finally {
    await stop();
  }
  return {
    results: Object.assign({}, ...outcomes.map(({ results }) => results)) as BenchOutcome['results'],
    spread: Object.assign({}, ...outcomes.map(({ spread }) => spread)) as NonNullable<BenchOutcome['spread']>,
    targets: outcomes.flatMap(({ targets }) => targets),
  };
};

const upload = async (server: S3ObjectStoreOptions, bytes: number): Promise<BenchOutcome> => {
  const { growthMiB, seconds } = await inChild('uploadStream', { server: { ...server, bucket: `${server.bucket}-upload` }, bytes });
  const uploadGrowthMiB = round(growthMiB);
  return {
    results: { uploadGrowthMiB, uploadMiBPerSecond: round(bytes / 2 ** 20 / seconds) },
    targets: [{ name: 'uploadGrowthMiB', value: uploadGrowthMiB, limit: UPLOAD_GROWTH_MIB, unit: 'MiB' }],
  };
};
