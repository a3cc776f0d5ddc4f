import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** All of it, at once: what the heap takes afterwards is in use. */
export const collectGarbage = runInNewContext('gc') as () => void;
