// How quickly messages are stored, and pages of a long history read.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medians, type Figures } from './figures.js';
import { inChild } from './in-child.js';

const SESSIONS = 25;

export const messagesStored = async (repeats: number, seconds: number): Promise<Figures> => {
  const runs: Record<string, number>[] = [];
  for (let run = 0; run < repeats; run++) {
    const { perSecond } = await inFolder(async (folder) => inChild('receiveMessages', { folder, sessions: SESSIONS, seconds }));
    runs.push({ messagesStoredPerSecond: perSecond });
  }
  return medians(runs);
};

/** Of one session with this many messages. */
export const pagesRead = async (messages: number, repeats: number): Promise<Figures> =>
  medians(await inFolder(async (folder) => inChild('readPages', { folder, messages, repeats })));

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-history-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
