import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SessionFact } from '../../../shared/ipc/protocol.js';
import { DEAFNESS } from '../../../session-runner/session/deafness.js';
import { DeafWatch } from '../../../session-runner/session/deaf-watch.js';
import { silent } from '../shared/logged.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const FLOOR_MS = 600_000;
/** WhatsApp's clock, in seconds, when ours says 0. */
const EPOCH_SECONDS = 1_800_000_000;
const pass = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms);
};
const now = (): number => EPOCH_SECONDS + Math.floor(performance.now() / 1_000);

/** A watch, and sockets it listens to one after the other. */
const observed = () => {
  const facts: SessionFact[] = [];
  const watch = new DeafWatch({ floorMs: FLOOR_MS, log: silent, onDeaf: (fact) => facts.push(fact) });
  const sockets: { ended: boolean; asked: number }[] = [];
  const connect = (how: { answers?: boolean; hindered?: boolean } = {}) => {
    const frames = new EventEmitter();
    const socket = { ended: false, asked: 0 };
    sockets.push(socket);
    const come = (tag: string, attrs: Record<string, string> = {}, content?: unknown[]): void => {
      frames.emit('frame', { tag, attrs, content });
    };
    const detach = watch.attach({
      frames,
      isOpen: () => !socket.ended,
      unhindered: async () => (how.hindered ? new Promise(() => undefined) : Promise.resolve()),
      ask: async () => {
        socket.asked++;
        if (how.answers !== false) come('iq', { type: 'result' });
        else await new Promise((resolve) => setTimeout(resolve, 5_000));
      },
      end: () => {
        socket.ended = true;
        detach();
      },
    });
    come('success', { t: String(now()) });
    return {
      socket,
      come,
      caughtUp: () => {
        come('ib', {}, [{ tag: 'offline', attrs: { count: '0' } }]);
      },
      /** As many live messages as make a rhythm, a second apart. */
      chat: async () => {
        for (let n = 0; n < DEAFNESS.stanzas; n++) {
          await pass(1_000);
          come('message', { t: String(now()) });
        }
      },
      backlog: (secondsAgo: number, tag = 'message') => {
        come(tag, { offline: '0', t: String(now() - secondsAgo) });
      },
      detach,
    };
  };
  const ended = (): boolean[] => sockets.map((socket) => socket.ended);
  return { watch, facts, connect, ended };
};

it('gives up a socket that answers nothing after an unusual silence, and says so', async () => {
  const { connect, facts } = observed();
  const line = connect({ answers: false });
  line.caughtUp();
  await line.chat();
  await pass(FLOOR_MS - 1_000);
  expect(line.socket).toEqual({ ended: false, asked: 0 });
  await pass(60_000);
  expect(line.socket.ended).toBe(true);
  expect(facts).toMatchObject([{ type: 'deaf', proof: 'ping', rhythm: { stanzas: DEAFNESS.stanzas, deafInARow: 1 } }]);
});

it('tries one new socket when the old one answers, and has its proof when late messages come', async () => {
  const { connect, facts } = observed();
  const first = connect();
  first.caughtUp();
  await first.chat();
  await pass(FLOOR_MS + 30_000);
  expect(first.socket).toEqual({ ended: true, asked: 1 });
  expect(facts).toEqual([]);
  await pass(1_000);
  const second = connect();
  second.backlog(300);
  second.backlog(200);
  second.caughtUp();
  expect(facts).toMatchObject([{ type: 'deaf', proof: 'backlog', rhythm: { doubt: 0, deafInARow: 1 } }]);
});

it.each([
  ['nothing', () => undefined],
  ['only what came before the silence and was never confirmed', ({ backlog }: { backlog: (ago: number) => void }) => backlog(700)],
  ['only what came while there was no socket', ({ backlog }: { backlog: (ago: number) => void }) => backlog(1)],
  ['only a notification', ({ backlog }: { backlog: (ago: number, tag: string) => void }) => backlog(300, 'notification')],
])('takes it for a false alarm when %s comes, and waits twice as long the next time', async (_what, comes) => {
  const { connect, facts } = observed();
  const first = connect();
  first.caughtUp();
  await first.chat();
  await pass(FLOOR_MS + 30_000);
  expect(first.socket.ended).toBe(true);
  await pass(1_000);
  const second = connect();
  comes(second);
  second.caughtUp();
  await pass(2 * FLOOR_MS - 1_000);
  expect(second.socket).toEqual({ ended: false, asked: 0 });
  await pass(60_000);
  expect(second.socket.ended).toBe(true);
  expect(facts).toEqual([]);
});

it('leaves a socket alone when something comes while it is being asked', async () => {
  const { connect } = observed();
  const line = connect({ answers: false });
  line.caughtUp();
  await line.chat();
  await pass(FLOOR_MS);
  while (line.socket.asked === 0) await pass(1_000);
  line.come('message', { t: String(now()) });
  await pass(60_000);
  expect(line.socket).toEqual({ ended: false, asked: 1 });
});

it('judges nobody whose own frames cannot leave', async () => {
  const { connect, facts } = observed();
  const line = connect({ answers: false, hindered: true });
  line.caughtUp();
  await line.chat();
  await pass(3 * FLOOR_MS);
  expect(line.socket).toEqual({ ended: false, asked: 0 });
  expect(facts).toEqual([]);
});

it('never asks a session that hears next to nothing, nor one that is being paired or is closed', async () => {
  const { connect, ended } = observed();
  const quiet = connect();
  quiet.caughtUp();
  for (let n = 1; n < DEAFNESS.stanzas; n++) quiet.come('message', { t: String(now()) });
  await pass(7 * 24 * 3_600_000);
  expect(quiet.socket).toEqual({ ended: false, asked: 0 });
  quiet.detach();
  await pass(24 * 3_600_000);
  expect(ended()).toEqual([false]);
  expect(vi.getTimerCount()).toBe(0);
});

it('asks when sends to many chats are acknowledged and nothing whatsoever comes back', async () => {
  const { watch, connect } = observed();
  const line = connect();
  line.caughtUp();
  for (let n = 0; n < DEAFNESS.unheardChats; n++) watch.acked(`${n}@s.whatsapp.net`);
  await pass(FLOOR_MS * DEAFNESS.unheardShare + 60_000);
  expect(line.socket).toEqual({ ended: true, asked: 1 });
});

it('asks when a login is followed by nothing, and less and less often', async () => {
  const { connect, ended } = observed();
  for (const patience of [1, 2, 4]) {
    const line = connect();
    await pass(DEAFNESS.backlogMs * patience - 16_000);
    expect(line.socket.ended).toBe(false);
    await pass(40_000);
    expect(line.socket.ended).toBe(true);
  }
  expect(ended()).toEqual([true, true, true]);
});

it('knows from another runner what is usual', async () => {
  const { watch, connect, facts } = observed();
  watch.adopt({ stanzas: 100, usualMs: 5_000, doubt: 0, deafInARow: 2 });
  const line = connect({ answers: false });
  line.caughtUp();
  await pass(FLOOR_MS + 60_000);
  expect(line.socket.ended).toBe(true);
  expect(facts).toMatchObject([{ rhythm: { deafInARow: 3 } }]);
});
