// Devices that were paired once with a simulated WhatsApp and are used by every bench after that.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { cp, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnWhatsapp, type SpawnedWhatsapp } from '../../whatsapp/spawn-whatsapp.js';
import { USUAL_SESSION } from '../storage/fleet-rows.js';
import type { PairingOrder } from './pair-identities.js';

/** Rises when what is kept changes. */
const FORMAT = 1;
const CACHE = '.cache/bench';
const PAIRING = fileURLToPath(new URL('./pair-identities.js', import.meta.url));

export interface PairedFleet {
  /** One line per device. */
  identities: string;
  /** Folder with the state of the simulated WhatsApp that knows them. */
  whatsapp: string;
  /** Whether its stages are reached over TLS, as WhatsApp is. */
  wss: boolean;
}

/** A simulated WhatsApp that knows the fleet, and a folder; both are gone after `close`. */
export interface Stage {
  whatsapp: SpawnedWhatsapp;
  folder: string;
  fleet: PairedFleet;
  /** Connections that are logged in, of those that were ever opened. */
  connections(): Promise<{ open: number; ever: number }>;
  close(): Promise<void>;
}

const stateIn = (folder: string): string => join(folder, 'whatsapp.jsonl');

/** At least `sessions` paired devices. What is missing is paired now, also after an earlier pairing was cut short. */
export const pairedFleet = async (sessions: number, wss = false): Promise<PairedFleet> => {
  const hash = createHash('sha256').update(JSON.stringify({ FORMAT, USUAL_SESSION })).digest('hex').slice(0, 12);
  const folder = join(process.cwd(), CACHE, hash);
  const fleet: PairedFleet = { identities: join(folder, 'identities.jsonl'), whatsapp: join(folder, 'whatsapp'), wss };
  mkdirSync(fleet.whatsapp, { recursive: true });
  const there = await wholeLines(fleet.identities);
  if (there >= sessions) return fleet;
  console.log(`  pairing ${sessions - there} devices; they are kept in ${CACHE}/${hash}`);
  const whatsapp = await spawnWhatsapp({ stateFile: stateIn(fleet.whatsapp) });
  try {
    const order: PairingOrder = {
      url: whatsapp.url,
      controlUrl: whatsapp.controlUrl,
      file: fleet.identities,
      first: there,
      count: sessions - there,
    };
    const child = spawn(process.execPath, [PAIRING, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => console.log(`  ${line}`));
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error('the devices could not be paired');
  } finally {
    await whatsapp.stop();
  }
  return fleet;
};

/** A copy of the simulated WhatsApp as it was after the pairing. */
export const openStage = async (fleet: PairedFleet): Promise<Stage> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-stage-'));
  const state = join(folder, 'whatsapp');
  await cp(fleet.whatsapp, state, { recursive: true });
  // What it learns on the stage nobody needs, and its saves would be in every figure.
  const whatsapp = await spawnWhatsapp({ stateFile: stateIn(state), readOnly: true, tls: fleet.wss });
  return {
    whatsapp,
    folder,
    fleet,
    connections: async () => {
      const { connections } = await whatsapp.client.connections();
      const loggedIn = connections.filter(({ loggedInAt }) => loggedInAt !== null);
      return { open: loggedIn.filter(({ closedAt }) => closedAt === null).length, ever: loggedIn.length };
    },
    close: async () => {
      await whatsapp.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** How many there are. What follows the last, of a pairing that was cut short, is removed. */
const wholeLines = async (file: string): Promise<number> => {
  if (!existsSync(file)) return 0;
  let [lines, read, whole] = [0, 0, 0];
  for await (const chunk of createReadStream(file)) {
    for (const byte of chunk as Buffer) {
      read++;
      if (byte !== 0x0a) continue;
      lines++;
      whole = read;
    }
  }
  if (whole < read) await truncate(file, whole);
  return lines;
};
