import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtFile } from './built-file.js';
import { WhatsappClient } from './client.js';
import { serveControl } from './control/control-server.js';
import { makeWorld } from './make-world.js';
import { serveMedia, type MediaServer } from './media/media-server.js';
import { listen } from './server/listener.js';
import { restoreAccount, saveAccount, type SavedAccount } from './state/saved-account.js';
import { restoreGroup, saveGroup } from './state/saved-group.js';
import { readStateFile, StateFile, type StateHeader } from './state/state-file.js';
import { certifyLoopback, makeAuthority, type Certificate } from './wire/certificate-authority.js';
import type { World } from './world.js';

/** How to start a simulated WhatsApp. Ports default to free ones. */
export interface WhatsappOptions {
  readonly port?: number | undefined;
  readonly controlPort?: number | undefined;
  /** With a state file, the port it had before unless given. */
  readonly mediaPort?: number | undefined;
  /** Serve wss with a certificate of its own authority, instead of ws. */
  readonly tls?: boolean | undefined;
  /** Keep everything in this file and start from what it holds. */
  readonly stateFile?: string | undefined;
  /** Start from the state file and never write it: a save of many accounts holds everything up. */
  readonly readOnly?: boolean | undefined;
}

/** Where a simulated WhatsApp is found, and what a client needs to believe it. */
export interface WhatsappAddress {
  /** For `WA_WEBSOCKET_URL`. */
  readonly url: string;
  readonly controlUrl: string;
  /** Where media files are uploaded and downloaded. */
  readonly mediaUrl: string;
  /** PEM of its certificate authority, for `NODE_EXTRA_CA_CERTS`: media always travel over TLS. */
  readonly caFile: string;
  /** The preload that makes Baileys trust it, for Node's `--import`. */
  readonly trustRoot: string;
}

/** A running simulated WhatsApp. */
export interface Whatsapp extends WhatsappAddress {
  readonly client: WhatsappClient;
  /** Cuts all connections, saves the state and stops listening. */
  stop(): Promise<void>;
}

/** Starts a simulated WhatsApp in this process, on loopback. Rejects when a port is taken or the state file is not one. */
export async function startWhatsapp(options: WhatsappOptions = {}): Promise<Whatsapp> {
  const stateFile = options.stateFile === undefined ? null : resolve(options.stateFile);
  const saved = stateFile ? await readStateFile(stateFile) : null;
  const authority = saved?.header.authority ?? makeAuthority();
  const folder = stateFile ? null : await mkdtemp(join(tmpdir(), 'simulated-whatsapp-'));
  // Beside the state, because files and authority outlive a restart with it.
  const beside = stateFile ?? join(folder ?? '', 'whatsapp');
  const caFile = `${beside}.ca.pem`;
  await mkdir(dirname(caFile), { recursive: true });
  await writeFile(caFile, authority.cert);

  const world = makeWorld(`${beside}.media`, () => state?.schedule());
  let media: MediaServer | undefined;
  const header = (): StateHeader => ({
    version: 2,
    authority,
    mediaPort: media?.port ?? 0,
    groups: [...world.groups.all()].map(saveGroup),
  });
  const lines = (): string[] => [header(), ...[...world.directory.all()].map(saveAccount)].map((line) => JSON.stringify(line));
  const state = stateFile && !options.readOnly ? new StateFile(stateFile, lines) : null;

  const wake: (() => void)[] = [];
  for (const line of saved?.accounts ?? []) wake.push(await restoreAccount(world, JSON.parse(line) as SavedAccount));
  for (const group of saved?.header.groups ?? []) restoreGroup(world, group);

  const certificate = certifyLoopback(authority);
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const server of opened.reverse()) await server.close();
    await Promise.all([...world.directory.all()].map(async ({ phone }) => phone.settled()));
    await state?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  };
  try {
    media = await openMedia(world, certificate, options.mediaPort, saved?.header.mediaPort);
    opened.push(media);
    // Phones look at media while they wake.
    for (const wakePhone of wake) wakePhone();
    const listener = await listen(world, options.port ?? 0, options.tls ? certificate : null);
    opened.push(listener);
    const control = await serveControl(world, options.controlPort ?? 0, async () => {
      await state?.save();
      return state !== null;
    });
    opened.push(control);
    return {
      url: listener.url,
      controlUrl: control.url,
      mediaUrl: `https://${world.media.host}`,
      caFile,
      trustRoot: builtFile('trust-root.js'),
      client: new WhatsappClient(control.url),
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** On the port asked for; without one on the port it had before, or on a free one when that is taken by now. */
async function openMedia(world: World, certificate: Certificate, wanted: number | undefined, before = 0): Promise<MediaServer> {
  if (wanted !== undefined || before === 0) return serveMedia(world, wanted ?? 0, certificate);
  return serveMedia(world, before, certificate).catch(async () => serveMedia(world, 0, certificate));
}

/** The environment that makes a worker use a simulated WhatsApp. */
export function workerEnvironment({ url, caFile, trustRoot }: WhatsappAddress): Record<string, string> {
  return {
    WA_WEBSOCKET_URL: url,
    RUNNER_NODE_OPTIONS: `--import=${pathToFileURL(trustRoot).href}`,
    NODE_EXTRA_CA_CERTS: caFile,
  };
}
