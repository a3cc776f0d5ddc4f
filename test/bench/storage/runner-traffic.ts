// What a runner writes into the store of its slot while its sessions receive and send.
import { setTimeout as pause } from 'node:timers/promises';
import type { Message } from '../../../shared/domain/message.js';
import { openSlotStore, SLOT_SCHEMA, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { messageOf, ratchetStep, sessionIdOf } from './fleet-rows.js';
import type { Port } from './in-child.js';
import { TrackedBytes } from './tracked-bytes.js';

export interface RunnerTraffic {
  folder: string;
  sessions: number[];
  /** Of all sessions together; every second one is received, the others are sent. */
  messagesPerSecond: number;
  seconds: number;
}

/** What a runner tells the supervisor. */
export type RunnerNote =
  | { kind: 'received'; records: { seq: number; index: number; message: Message }[] }
  /** A client wants a message sent; asked here, so that one clock paces both directions. */
  | { kind: 'wanted'; index: number; n: number }
  | { kind: 'sent'; index: number; n: number };

/** What the supervisor tells a runner. */
export type SupervisorNote =
  { kind: 'taken'; upTo: number } | { kind: 'send'; index: number; n: number; id: string } | { kind: 'trim'; to: number };

const CONTACTS = 50;
/** After those the session had before. */
const FIRST = 1_000_000;
const TICK_MS = 20;
const SWEEP_MS = 5_000;

export const runnerTraffic = async (
  { folder, sessions, messagesPerSecond, seconds }: RunnerTraffic,
  port: Port,
): Promise<{ messages: number; trackedBytes: number }> => {
  const store = await openSlotStore(folder, { track: true });
  const tracked = new TrackedBytes(SLOT_SCHEMA);
  const waiting: { seq: number; index: number; message: Message }[] = [];
  const taken: { seq: number; index: number; id: string }[] = [];
  const work = new Set<Promise<void>>();
  let shipping = false;
  let outstanding = 0;
  const tell = (note: RunnerNote): void => port.send(note);
  const run = (job: Promise<void>): void => {
    work.add(job);
    void job.finally(() => work.delete(job));
  };

  const ship = (): void => {
    if (shipping || waiting.length === 0) return;
    shipping = true;
    tell({ kind: 'received', records: [...waiting] });
  };
  /** A session writes with one contact after another. */
  const contactOf = (n: number): number => Math.floor((n - FIRST) / sessions.length) % CONTACTS;
  const receive = async (index: number, n: number): Promise<void> => {
    const message = { ...messageOf(index, n, Date.now()), id: `IN${n}` };
    await store.commit(
      tracked.add([
        ratchetStep(index, contactOf(n), n),
        {
          table: SLOT_TABLES.inbox,
          key: [sessionIdOf(index), message.id, message.from, '', 0],
          value: { message, plaintext: Buffer.alloc(120) },
        },
        { table: SLOT_TABLES.spool, key: [n], value: { kind: 'inbox', sessionId: sessionIdOf(index), message } },
      ]),
    );
    waiting.push({ seq: n, index, message });
    ship();
  };
  const send = async (index: number, n: number, id: string): Promise<void> => {
    const row = { message: Buffer.alloc(110), at: Date.now() };
    await store.commit(tracked.add([{ table: SLOT_TABLES.outgoing, key: [sessionIdOf(index), id], value: row }]));
    await store.commit(tracked.add([ratchetStep(index, contactOf(n), n)]));
    outstanding--;
    tell({ kind: 'sent', index, n });
  };
  const sweep = async (): Promise<void> => {
    const done = taken.splice(0);
    await store.commit(
      done.flatMap(({ seq, index, id }) => [
        { table: SLOT_TABLES.inbox, key: [sessionIdOf(index), id, messageOf(index, seq, 0).from, '', 0], value: undefined },
        { table: SLOT_TABLES.spool, key: [seq], value: undefined },
      ]),
    );
  };
  port.onNote((note) => {
    const told = note as SupervisorNote;
    if (told.kind === 'trim') run(store.trimChanges(told.to));
    else if (told.kind === 'send') run(send(told.index, told.n, told.id));
    else {
      const done = waiting.splice(0, waiting.filter(({ seq }) => seq <= told.upTo).length);
      taken.push(...done.map(({ seq, index, message }) => ({ seq, index, id: message.id })));
      shipping = false;
      ship();
    }
  });

  const startedAt = performance.now();
  let sweptAt = startedAt;
  let messages = 0;
  while (performance.now() - startedAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * messagesPerSecond);
    for (; messages < due; messages++) {
      const index = sessions[messages % sessions.length] ?? 0;
      const n = FIRST + messages;
      if (Math.floor(messages / sessions.length) % 2 === 0) run(receive(index, n));
      else {
        outstanding++;
        tell({ kind: 'wanted', index, n });
      }
    }
    if (performance.now() - sweptAt > SWEEP_MS) {
      sweptAt = performance.now();
      run(sweep());
    }
    await pause(TICK_MS);
  }
  while (waiting.length > 0 || outstanding > 0 || work.size > 0) await pause(TICK_MS);
  await store.close();
  return { messages, trackedBytes: tracked.bytes };
};
