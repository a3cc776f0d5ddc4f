// The thread of file-inspector.ts.
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../shared/errors.js';
import { inspectFile } from './inspect-file.js';

parentPort?.on('message', (path: string) => {
  inspectFile(path).then(
    (facts) => parentPort?.postMessage({ facts }),
    (error: unknown) => parentPort?.postMessage({ trouble: messageOf(error) }),
  );
});
