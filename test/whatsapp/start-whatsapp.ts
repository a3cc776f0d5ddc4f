import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtFile } from './built-file.js';
import { WhatsappClient } from './client.js';
import { serveControl } from './control/control-server.js';
import { makeWorld } from './make-world.js';
import { listen } from './server/listener.js';
import { restoreAccount, saveAccount, type SavedAccount } from './state/saved-account.js';
import { readStateFile, StateFile, type StateHeader } from './state/state-file.js';
import { certifyLoopback, makeAuthority } from './wire/certificate-authority.js';

/** How to start a simulated WhatsApp. Ports default to free ones. */
export interface WhatsappOptions {
  readonly port?: number | undefined;
  readonly controlPort?: number | undefined;
  /** Serve wss with a certificate of its own authority, instead of ws. */
  readonly tls?: boolean | undefined;
  /** Keep everything in this file and start from what it holds. */
  readonly stateFile?: string | undefined;
}

/** Where a simulated WhatsApp is found, and what a client needs to believe it. */
export interface WhatsappAddress {
  /** For `WA_WEBSOCKET_URL`. */
  readonly url: string;
  readonly controlUrl: string;
  /** PEM of its certificate authority, for `NODE_EXTRA_CA_CERTS`; null without TLS. */
  readonly caFile: string | null;
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
  const header: StateHeader = saved?.header ?? { version: 1, authority: makeAuthority() };
  const world = makeWorld(() => state?.schedule());
  const lines = (): string[] => [header, ...[...world.directory.all()].map(saveAccount)].map((line) => JSON.stringify(line));
  const state = stateFile ? new StateFile(stateFile, lines) : null;

  const wake: (() => void)[] = [];
  for (const line of saved?.accounts ?? []) wake.push(await restoreAccount(world, JSON.parse(line) as SavedAccount));
  for (const wakePhone of wake) wakePhone();

  const folder = options.tls && !stateFile ? await mkdtemp(join(tmpdir(), 'simulated-whatsapp-')) : null;
  // Beside the state, because the authority outlives a restart with it.
  const caFile = options.tls ? (stateFile ? `${stateFile}.ca.pem` : join(folder ?? '', 'ca.pem')) : null;
  if (caFile) await writeFile(caFile, header.authority.cert);

  const listener = await listen(world, options.port ?? 0, options.tls ? certifyLoopback(header.authority) : null);
  const control = await serveControl(world, options.controlPort ?? 0, async () => {
    await state?.save();
    return state !== null;
  }).catch(async (error: unknown) => {
    await listener.close();
    throw error;
  });
  return {
    url: listener.url,
    controlUrl: control.url,
    caFile,
    trustRoot: builtFile('trust-root.js'),
    client: new WhatsappClient(control.url),
    stop: async () => {
      await control.close();
      await listener.close();
      await Promise.all([...world.directory.all()].map(async ({ phone }) => phone.settled()));
      await state?.close();
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The environment that makes a worker use a simulated WhatsApp. */
export function workerEnvironment({ url, caFile, trustRoot }: WhatsappAddress): Record<string, string> {
  return {
    WA_WEBSOCKET_URL: url,
    RUNNER_NODE_OPTIONS: `--import=${pathToFileURL(trustRoot).href}`,
    ...(caFile && { NODE_EXTRA_CA_CERTS: caFile }),
  };
}
