// `npm run test:s3`: what every object store has to keep, tried on the server that MINIO_* names. It writes below `contract/` in that
// bucket only, and takes away what it wrote.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const NEEDED = ['MINIO_ENDPOINT', 'MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY', 'MINIO_BUCKET_NAME'] as const;
const CONTRACT = 'test/integration/object-store/s3-object-store.test.ts';

const missing = NEEDED.filter((name) => !process.env[name]);
if (missing.length > 0) {
  console.error(
    `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not set. For example:\n` +
      'MINIO_ENDPOINT=127.0.0.1:9000 MINIO_ACCESS_KEY=… MINIO_SECRET_KEY=… MINIO_BUCKET_NAME=test npm run test:s3',
  );
  process.exitCode = 2;
} else {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const env = { ...process.env, TEST_S3: '1' };
  process.exitCode = spawnSync(process.execPath, [vitest, 'run', CONTRACT], { stdio: 'inherit', env }).status ?? 1;
}
