import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { builtFile } from './built-file.js';
import { WhatsappClient } from './client.js';
import { workerEnvironment, type WhatsappAddress, type WhatsappOptions } from './start-whatsapp.js';

/** A simulated WhatsApp in a process of its own; it ends with this one. */
export interface SpawnedWhatsapp extends WhatsappAddress {
  readonly client: WhatsappClient;
  readonly pid: number;
  /** What a worker needs in its environment. */
  readonly env: Record<string, string>;
  /** Asks it to stop (SIGTERM) or kills it, and resolves with its exit code when it is gone; null after a kill. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** Starts the built simulated WhatsApp as a child process. Rejects when it ends before it listens; its stderr goes to ours. */
export async function spawnWhatsapp(options: WhatsappOptions = {}): Promise<SpawnedWhatsapp> {
  const { port = 0, controlPort = 0, mediaPort, tls, stateFile, readOnly } = options;
  const flags = ['--port', String(port), '--control-port', String(controlPort), ...(tls ? ['--tls'] : []), '--with-parent'];
  const media = mediaPort === undefined ? [] : ['--media-port', String(mediaPort)];
  const state = stateFile === undefined ? [] : ['--state', stateFile, ...(readOnly ? ['--read-only'] : [])];
  const child = spawn(process.execPath, [builtFile('main.js'), ...flags, ...media, ...state], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const early = exited.then((code) => {
    throw new Error(`the simulated WhatsApp ended with ${code} before it listened`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), early])) as [string];
  early.catch(() => undefined);
  const address = JSON.parse(line) as WhatsappAddress;
  return {
    ...address,
    client: new WhatsappClient(address.controlUrl),
    pid: child.pid ?? 0,
    env: workerEnvironment(address),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}
