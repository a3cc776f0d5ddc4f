// Sessions that lie in folders of this machine.
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CREDS_FILE } from './classic-names.js';
import { LAYOUT, NO_FILES, TransferRefusedError, type SourceFolder, type SourceSession } from './session-source.js';

/**
 * One classic folder, a folder of such folders, or the layout of the guide, whose root or `sessions/` it may be.
 * @param only the session wanted; names the session when `path` is one classic folder
 */
export const findSessions = (path: string, only: string | undefined): SourceSession[] => {
  const root = resolve(path);
  const single = sessionAt(root, only ?? basename(root));
  if (single) return [single];
  const parent = isFolder(join(root, 'sessions')) ? join(root, 'sessions') : root;
  return readdirSync(parent)
    .filter((name) => !name.startsWith('.') && (only === undefined || name === only))
    .sort()
    .flatMap((name) => sessionAt(join(parent, name), name) ?? []);
};

/** Undefined for a folder without credentials. */
const sessionAt = (root: string, sessionId: string): SourceSession | undefined => {
  const auth = [root, join(root, LAYOUT.auth)].find((folder) => isFile(join(folder, CREDS_FILE)));
  if (auth === undefined) return undefined;
  // Where everything lies in one folder, the other files are no keys.
  const others: readonly string[] = auth === root ? [LAYOUT.messages, LAYOUT.description, LAYOUT.contacts] : [];
  const messages = join(root, LAYOUT.messages);
  return {
    sessionId,
    auth: filesIn(auth, (name) => !others.includes(name)),
    messages: isFolder(messages) ? filesIn(messages, (name) => name.endsWith('.json')) : NO_FILES,
    description: async () => readIfThere(root, LAYOUT.description),
    contacts: async () => readIfThere(root, LAYOUT.contacts),
  };
};

const filesIn = (folder: string, wanted: (name: string) => boolean): SourceFolder => ({
  names: readdirSync(folder).filter(wanted).sort(),
  read: async (name) => read(folder, name),
});

const readIfThere = async (folder: string, name: string): Promise<Buffer | undefined> =>
  isFile(join(folder, name)) ? read(folder, name) : undefined;

const read = async (folder: string, name: string): Promise<Buffer> =>
  readFile(join(folder, name)).catch((error: unknown) => {
    throw new TransferRefusedError(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'for an unknown reason'}`, {
      cause: error,
    });
  });

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
