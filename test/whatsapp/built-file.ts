import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');

/** The absolute path of a built file of this folder, also when asked from the sources (a test run): plain Node cannot load those. */
export function builtFile(name: string): string {
  const fromSources = import.meta.url.endsWith('.ts');
  return fromSources ? join(ROOT, 'dist', relative(ROOT, HERE), name) : join(HERE, name);
}
