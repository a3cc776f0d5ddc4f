// Runs a simulated WhatsApp: main.js [--port N] [--control-port N] [--media-port N] [--tls] [--state FILE [--read-only]] [--with-parent]
import { parseArgs } from 'node:util';
import { quietConsole } from './quiet-console.js';
import { startWhatsapp, workerEnvironment } from './start-whatsapp.js';

const USAGE = 'usage: whatsapp [--port N] [--control-port N] [--media-port N] [--tls] [--state FILE [--read-only]] [--with-parent]';
const EXIT_USAGE = 64;

interface Options {
  readonly port: number;
  readonly controlPort: number;
  readonly mediaPort: number | undefined;
  readonly tls: boolean;
  readonly stateFile: string | undefined;
  readonly readOnly: boolean;
  readonly withParent: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'control-port': { type: 'string', default: '0' },
      'media-port': { type: 'string' },
      tls: { type: 'boolean', default: false },
      state: { type: 'string' },
      'read-only': { type: 'boolean', default: false },
      'with-parent': { type: 'boolean', default: false },
    },
  });
  return {
    port: readPort(values.port),
    controlPort: readPort(values['control-port']),
    mediaPort: values['media-port'] === undefined ? undefined : readPort(values['media-port']),
    tls: values.tls,
    stateFile: values.state,
    readOnly: values['read-only'],
    withParent: values['with-parent'],
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${text} is no port`);
  return port;
}

async function run(): Promise<void> {
  const { withParent, ...options } = readOptions();
  quietConsole();
  const whatsapp = await startWhatsapp(options);
  const { url, controlUrl, mediaUrl, caFile, trustRoot } = whatsapp;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    whatsapp.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  if (withParent) {
    process.stdin.on('end', stop).on('error', stop).resume();
    process.on('disconnect', stop);
  }
  const environment = Object.entries(workerEnvironment(whatsapp)).map(([name, value]) => `  ${name}=${value}`);
  process.stdout.write(`${JSON.stringify({ event: 'listening', url, controlUrl, mediaUrl, caFile, trustRoot })}\n`);
  process.stdout.write(`Simulated WhatsApp: ${url}\nControl API: ${controlUrl}\nFor a worker:\n${environment.join('\n')}\n`);
}

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exit(EXIT_USAGE);
});
