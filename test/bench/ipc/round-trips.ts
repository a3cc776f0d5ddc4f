import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outgoing } from '../../../shared/domain/outgoing.js';
import { channelOf } from '../../../shared/ipc/channel.js';
import { Peer } from '../../../shared/ipc/peer.js';
import { createLogger } from '../../../shared/logging.js';
import { cpuSecondsOf } from '../process-memory.js';
import { ECHO_CALLS, type EchoKind } from './echo-calls.js';

const PROCESS = fileURLToPath(new URL('./echo-process.js', import.meta.url));
const IN_FLIGHT = 16;
const NONE = {};

interface Params {
  sessionId: string;
  message: Outgoing;
}

type Call = (params: Params) => Promise<unknown>;

/** Sees what crosses, both ways. */
type Tap = (frame: unknown) => void;

const paramsOf = (n: number): Params => ({
  sessionId: `session-${n % 25}`,
  message: {
    messageId: `3EB0${String(n).padStart(18, '0')}`,
    to: '6281234567890@s.whatsapp.net',
    content: { type: 'text', text: 'A text, of about the length that messages have in a chat between people.' },
    references: {},
    secret: 'A'.repeat(44),
    createdAt: 1_790_000_000_000,
  },
});

/** Calls a process of its own, some at a time; `bytes` are those of both frames as JSON, CPU is that of both processes. */
export const roundTrips = async (
  kind: EchoKind,
  seconds: number,
): Promise<{ perSecond: number; bytes: number; cpuMicroseconds: number }> => {
  const child = fork(PROCESS, [kind]);
  let counted = 0;
  let tap: Tap | undefined;
  const seen: Tap = (frame) => tap?.(frame);
  const cpu = (): number => cpuSecondsOf(process.pid) + cpuSecondsOf(child.pid ?? 0);
  try {
    await once(child, 'message');
    const call = kind === 'peer' ? peerCall(child, seen) : bareCall(child, seen);
    await callFor(call, Math.min(1, seconds));
    const cpuBefore = cpu();
    const { calls, took } = await callFor(call, seconds);
    const cpuMicroseconds = ((cpu() - cpuBefore) * 1e6) / calls;
    tap = (frame) => (counted += JSON.stringify(frame).length);
    await call(paramsOf(calls));
    return { perSecond: calls / took, bytes: counted, cpuMicroseconds };
  } finally {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  }
};

const callFor = async (call: Call, seconds: number): Promise<{ calls: number; took: number }> => {
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  let calls = 0;
  const next = async (): Promise<void> => {
    while (performance.now() < endAt) await call(paramsOf(calls++));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, next));
  return { calls, took: (performance.now() - startedAt) / 1000 };
};

/** As the supervisor calls a runner: bounded, with deadlines, both directions checked against the schemas. */
const peerCall = (child: ChildProcess, seen: Tap): Call => {
  const inner = channelOf(child);
  const peer = new Peer<typeof ECHO_CALLS, typeof NONE, typeof NONE, typeof NONE>({
    channel: {
      ...inner,
      send: (frames, sent) => {
        for (const frame of frames) seen(frame);
        inner.send(frames, sent);
      },
    },
    calls: ECHO_CALLS,
    served: NONE,
    handlers: NONE,
    heard: NONE,
    listeners: NONE,
    admit: (frame) => {
      seen(frame);
      return true;
    },
    log: createLogger({ level: 'warn', base: {} }),
  });
  return async (params) => peer.call('session.send', params);
};

const bareCall = (child: ChildProcess, seen: Tap): Call => {
  const waiting = new Map<number, () => void>();
  let id = 0;
  child.on('message', (answer: { id: number }) => {
    seen(answer);
    waiting.get(answer.id)?.();
    waiting.delete(answer.id);
  });
  return async (params) =>
    new Promise<void>((resolve) => {
      const call = { id: ++id, params };
      seen(call);
      waiting.set(call.id, resolve);
      child.send(call);
    });
};
