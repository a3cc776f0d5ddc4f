// What can happen to a runner. To add a fault, add a row, and to `commit-faults.ts` what the runner does itself.

/** What `GET /runners` says of the end of a runner. */
type ExitVerdict = 'killed' | 'crash' | 'oom';

/** `order`: the runner is told to do it to itself. `next start`: it is killed, and its successor is told. */
type Means = 'SIGKILL' | 'SIGSTOP' | 'order' | 'next start';

interface Fault {
  explanation: string;
  means: Means;
  /** How each of the runners that end by it must be judged; none: the runner must go on. */
  exits: readonly ExitVerdict[];
  /** From the fault until all is as before: never less. Plans are made with it. */
  leastSeconds: number;
}

/** The watchdog waits 10 s for a beat, of which the last may be 2 s old, and 1 s more for SIGTERM to do something. */
const SILENCE_SECONDS = 9;
/** A runner has 20 s to say hello. */
const HELLO_SECONDS = 20;

export const FAULTS = {
  kill: { explanation: 'SIGKILL', means: 'SIGKILL', exits: ['killed'], leastSeconds: 0.5 },
  stop: { explanation: 'SIGSTOP, so that SIGTERM waits for ever', means: 'SIGSTOP', exits: ['crash'], leastSeconds: SILENCE_SECONDS },
  loop: { explanation: 'an infinite loop, which no SIGTERM ends', means: 'order', exits: ['crash'], leastSeconds: SILENCE_SECONDS },
  stubborn: { explanation: 'works, but says nothing and ignores SIGTERM', means: 'order', exits: ['crash'], leastSeconds: SILENCE_SECONDS },
  heap: { explanation: 'a heap that grows until it is full', means: 'order', exits: ['oom'], leastSeconds: 1 },
  rejection: { explanation: 'a rejection that nobody handles', means: 'order', exits: [], leastSeconds: 0 },
  exception: { explanation: 'an error thrown in an event handler', means: 'order', exits: ['crash'], leastSeconds: 0.5 },
  'no-hello': {
    explanation: 'SIGKILL, and a successor that never says hello',
    means: 'next start',
    exits: ['killed', 'crash'],
    leastSeconds: HELLO_SECONDS,
  },
} as const satisfies Record<string, Fault>;

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** Whether the restart policy holds it against the slot: such a fault makes the next start later when it comes again too soon. */
export const isHeldAgainst = (kind: FaultKind): boolean => FAULTS[kind].exits.some((verdict) => verdict !== 'killed');
