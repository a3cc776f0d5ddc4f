import { readFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys';
import type { PhoneView, WhatsappClient } from '../../whatsapp/client.js';
import { startWhatsapp, type Whatsapp, type WhatsappOptions } from '../../whatsapp/start-whatsapp.js';
import { TestCompanion } from './test-companion.js';
import { trustAuthority } from './trust-authority.js';

/** A simulated WhatsApp for one test, and what people do in it. */
export interface Setting {
  readonly whatsapp: Whatsapp;
  readonly client: WhatsappClient;
  /** A phone and a device linked to it, logged in. */
  readonly link: (name?: string, options?: Partial<UserFacingSocketConfig>) => Promise<{ phone: PhoneView; companion: TestCompanion }>;
  /** An unconnected device. */
  readonly device: (options?: Partial<UserFacingSocketConfig>) => TestCompanion;
}

/** Starts a simulated WhatsApp that ends, sockets included, with the test. */
export async function setUp(options: WhatsappOptions = {}): Promise<Setting> {
  const whatsapp = await startWhatsapp(options);
  const devices: TestCompanion[] = [];
  onTestFinished(async () => {
    for (const device of devices) if (device.open) device.vanish();
    await whatsapp.stop();
  });
  const device = (config?: Partial<UserFacingSocketConfig>): TestCompanion => {
    const made = new TestCompanion(whatsapp.url, config);
    devices.push(made);
    return made;
  };
  return {
    whatsapp,
    client: whatsapp.client,
    device,
    link: async (name, config) => {
      const phone = await whatsapp.client.createPhone(name === undefined ? {} : { name });
      return { phone, companion: await device(config).pair(whatsapp.client, phone.number) };
    },
  };
}

/** The same, in a process that from now on trusts its media server. */
export async function setUpWithMedia(): Promise<Setting> {
  const setting = await setUp();
  trustAuthority(await readFile(setting.whatsapp.caFile, 'utf8'));
  return setting;
}
