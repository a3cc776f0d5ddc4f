import { expect, it } from 'vitest';
import { diskError } from '../../../shared/object-store/disk-errors.js';

it.each([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EACCES', 'denied'],
  ['EROFS', 'denied'],
  ['ENOTDIR', 'invalid'],
  ['EIO', 'unavailable'],
  ['EMFILE', 'unavailable'],
  ['ESTALE', 'unreachable'],
])('takes %s for %s, without the path', (code, kind) => {
  const error = Object.assign(new Error(`${code}: failed, open '/data/sessions/6281200000001'`), { code });
  expect(diskError('put', error)).toMatchObject({ kind });
  expect(diskError('put', error).message).not.toContain('6281200000001');
});
