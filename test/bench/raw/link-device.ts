import { initAuthCreds, makeWASocket } from '@whiskeysockets/baileys';
import type { WhatsappClient } from '../../whatsapp/client.js';
import { until } from '../../support/worker-process.js';
import type { Identity } from '../fleet/identity.js';
import { MemoryKeys } from './memory-keys.js';
import { SILENT } from './silent-logger.js';

const RESTART_REQUIRED = 515;
const WAIT_MS = 120_000;

/** Links a device to a new phone of the simulated WhatsApp, logs it in, and ends its connection when nothing waits for it any more. */
export const linkDevice = async (url: string, phones: WhatsappClient, name: string): Promise<Identity> => {
  const { number } = await phones.createPhone({ name });
  const creds = initAuthCreds();
  const keys = new MemoryKeys();
  const socket = await new Promise<ReturnType<typeof makeWASocket>>((resolve, reject) => {
    setTimeout(() => reject(new Error(`${name} was not linked in time`)), WAIT_MS).unref();
    const connect = (): void => {
      const one = makeWASocket({
        waWebSocketUrl: url,
        auth: { creds, keys },
        logger: SILENT,
        // Else it waits up to 20 s for history that nobody has.
        shouldSyncHistoryMessage: () => false,
      });
      one.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
        if (qr) phones.scan(number, qr).catch(reject);
        if (connection === 'open') resolve(one);
        const { output } = (lastDisconnect?.error ?? {}) as { output?: { statusCode: number } };
        if (connection === 'close' && output?.statusCode === RESTART_REQUIRED) connect();
      });
    };
    connect();
  });
  await until(
    async () => (await phones.phone(number)).devices.every(({ receiving, queued }) => receiving && queued === 0),
    WAIT_MS,
    () => `${name} did not confirm everything`,
  );
  const closed = new Promise<void>((resolve) => {
    socket.ev.on('connection.update', ({ connection }) => {
      if (connection === 'close') resolve();
    });
  });
  void socket.end(undefined);
  await closed;
  return { number, creds, keys: keys.rows() };
};
