// Phones that write to the sessions of a bench.
import { identitiesIn } from './fleet/identity.js';
import type { Stage } from './fleet/paired-fleet.js';
import { contactsOf } from './on-stage.js';

export interface Incoming {
  from: string;
  to: string;
}

/** A contact for each session, by number, and the session's own number. */
export const contactsWhoWrite = async (stage: Stage, sessions: number): Promise<Incoming[]> => {
  const contacts = await contactsOf(stage, sessions);
  const routes: Incoming[] = [];
  for await (const { number } of identitiesIn(stage.fleet.identities, sessions)) {
    routes.push({ from: contacts[routes.length] ?? '', to: number });
  }
  return routes;
};

/** Each contact sends `each` texts, one after the other, of which the last one says `last`. Resolves when the simulated WhatsApp has them. */
export const write = async ({ whatsapp }: Stage, routes: readonly Incoming[], each: number, last: string): Promise<void> => {
  await Promise.all(
    routes.map(async ({ from, to }) => {
      for (let n = 1; n <= each; n++) await whatsapp.client.send(from, to, n === each ? last : `message ${n}`);
    }),
  );
};
