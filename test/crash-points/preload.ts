// How the preloads are given to a process, and what they are told.
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { VICTIMS, type Victim } from './phases.js';

export interface PreloadParameters {
  victim: Victim;
  /** Where mark files lie. */
  folder: string;
  /** Name of a sabotage, or nothing. */
  sabotage: string;
  /** Whether there is an object store. */
  withStore: boolean;
}

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');

/** The option of node that preloads a file of this folder; always the built one, since plain Node cannot load the sources. */
export const importOption = (name: 'mark-phases.js' | 'sabotage.js', parameters: PreloadParameters): string => {
  const folder = import.meta.url.endsWith('.ts') ? join(ROOT, 'dist', relative(ROOT, HERE)) : HERE;
  const url = pathToFileURL(join(folder, name));
  url.search = new URLSearchParams({ ...parameters, withStore: String(parameters.withStore) }).toString();
  return `--import=${url.href}`;
};

/** The other end: what the URL of a preload says. */
export const readParameters = (url: string): PreloadParameters => {
  const parameters = new URL(url).searchParams;
  const victim = VICTIMS.find((name) => name === parameters.get('victim'));
  const folder = parameters.get('folder');
  if (!victim || !folder) throw new Error(`${url} does not say which process it is in, or where marks belong`);
  return { victim, folder, sabotage: parameters.get('sabotage') ?? '', withStore: parameters.get('withStore') === 'true' };
};
