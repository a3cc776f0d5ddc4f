// The process of file-inspector.ts.
import { messageOf } from '../../shared/errors.js';
import { inspectFile } from './inspect-file.js';

process.on('message', (path: string) => {
  inspectFile(path).then(
    (facts) => process.send?.({ facts }),
    (error: unknown) => process.send?.({ trouble: messageOf(error) }),
  );
});
