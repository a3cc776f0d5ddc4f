import assert from 'node:assert/strict';
import type { FleetScene } from '../support/fleet-scene.js';
import type { PairedSession } from '../support/scene.js';
import { until } from '../support/worker-process.js';

const DECRYPTED_MS = 60_000;

/** Sends through the gateway. @returns the message id, once WhatsApp has acknowledged it */
export const send = async ({ user }: FleetScene, from: PairedSession, to: { readonly number: string }, text: string): Promise<string> => {
  const { status, body } = await user.send(from.sessionId, to.number, text);
  assert(status === 200 && body.data?.['status'] === 'sent', `${status} ${body.error ?? JSON.stringify(body)}`);
  return String(body.data['messageId']);
};

/** Waits until a session has decrypted a message into its history, and counts it there. */
export const copiesOf = async ({ user }: FleetScene, { sessionId }: PairedSession, id: string, text: string): Promise<number> => {
  let copies: Record<string, unknown>[] = [];
  await until(
    async () => {
      copies = (await user.messages(sessionId)).filter((message) => message['id'] === id);
      return copies.some((message) => message['content'] === text);
    },
    DECRYPTED_MS,
    () => `${sessionId} did not receive ${id}`,
  );
  return copies.length;
};

/** Sends through the gateway and waits until the other session has it decrypted in its history. @returns the message id */
export const say = async (scene: FleetScene, from: PairedSession, to: PairedSession, text: string): Promise<string> => {
  const id = await send(scene, from, to, text);
  await copiesOf(scene, to, id, text);
  return id;
};
