// Sessions that another program keeps in a bucket as the guide lays them out, one object per key.
import { KEYS } from '../../shared/object-store/keys.js';
import { CREDS_FILE } from './classic-names.js';
import type { ForeignObjects } from './foreign-objects.js';
import { LAYOUT, TransferRefusedError, type SourceFolder, type SourceSession } from './session-source.js';

type Objects = Pick<ForeignObjects, 'list' | 'get'>;

/** @param only the session wanted, a session id @throws ObjectStoreError */
export const findSessionsInBucket = async (objects: Objects, only: string | undefined): Promise<SourceSession[]> => {
  const paths = new Map<string, string[]>();
  for await (const key of objects.list(only === undefined ? KEYS.sessionsPrefix : KEYS.session(only))) {
    const [, sessionId, path] = /^sessions\/([^/]+)\/(.+)$/s.exec(key) ?? [];
    if (sessionId === undefined || path === undefined) continue;
    const known = paths.get(sessionId);
    if (known) known.push(path);
    else paths.set(sessionId, [path]);
  }
  return [...paths]
    .filter(([, found]) => found.includes(`${LAYOUT.auth}/${CREDS_FILE}`))
    .map(([sessionId, found]) => sessionOf(objects, sessionId, found));
};

const sessionOf = (objects: Objects, sessionId: string, paths: readonly string[]): SourceSession => ({
  sessionId,
  auth: folderOf(objects, sessionId, LAYOUT.auth, paths),
  messages: folderOf(
    objects,
    sessionId,
    LAYOUT.messages,
    paths.filter((path) => path.endsWith('.json')),
  ),
  description: async () => objects.get(`${KEYS.session(sessionId)}${LAYOUT.description}`),
  contacts: async () => objects.get(`${KEYS.session(sessionId)}${LAYOUT.contacts}`),
});

const folderOf = (objects: Objects, sessionId: string, folder: string, paths: readonly string[]): SourceFolder => ({
  names: paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
  read: async (name) => {
    const body = await objects.get(`${KEYS.session(sessionId)}${folder}/${name}`);
    if (!body) throw new TransferRefusedError(`${name} cannot be read: it is gone by now`);
    return body;
  },
});
