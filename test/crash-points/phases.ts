// The phases a process can be killed in. To add one, add a row.
import { entryNumberOf } from '../../shared/object-store/keys.js';
import type { Write } from '../../shared/store/store.js';

export const VICTIMS = ['runner', 'supervisor'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Calls of methods of a class: its built module from the root of `dist/`, or a package. */
export interface Calls {
  module: string;
  className: string;
  methods: readonly string[];
  /** Only calls with such arguments; absent: all. */
  when?: (args: readonly unknown[]) => boolean;
}

/** How many operations of a phase are under way. */
type Count =
  /** As many as there are such calls without an outcome. */
  | { kind: 'calls'; calls: Calls }
  /** What `property` of the object that `start` was called on says, read anew after each call of `after` settled. */
  | { kind: 'level'; module: string; className: string; start: string; property: string; after: readonly Calls[] }
  /** Messages whose frame is written and whose `ack` is not here. */
  | { kind: 'unconfirmed frames' };

export interface Phase {
  name: string;
  victim: Victim;
  count: Count;
  /** Only with an object store. */
  needsStore?: boolean;
}

const commits = (when?: (writes: readonly Write[]) => boolean): Calls => ({
  module: 'shared/store/store.js',
  className: 'Store',
  methods: ['commit'],
  ...(when && { when: ([writes]) => when(writes as readonly Write[]) }),
});

const ipcCalls = (method: string): Calls => ({
  module: 'shared/ipc/peer.js',
  className: 'Peer',
  methods: ['call'],
  when: ([called]) => called === method,
});

const writesTo = (table: string, writes: readonly Write[]): Write | undefined => writes.find((write) => write.table === table);

/** What the supervisor's commits are about; also what a sabotage picks them by. */
export const isAccept = (writes: readonly Write[]): boolean =>
  writesTo('intents', writes)?.value !== undefined && writesTo('messages', writes) !== undefined;
/** That a message which was queued, or waits for its turn, goes now. */
const isTurn = (writes: readonly Write[]): boolean =>
  (writesTo('intents', writes)?.value as { handedAt?: number } | undefined)?.handedAt !== undefined && !writesTo('messages', writes);
/** Where WhatsApp has the file of a message. */
const isUploaded = (writes: readonly Write[]): boolean =>
  (writesTo('intents', writes)?.value as { uploaded?: object } | undefined)?.uploaded !== undefined;
const isOutcome = (writes: readonly Write[]): boolean => {
  const intent = writesTo('intents', writes);
  return intent !== undefined && intent.value === undefined;
};
const isHistory = (writes: readonly Write[]): boolean => !writesTo('intents', writes) && writesTo('messages', writes) !== undefined;

export const PHASES: readonly Phase[] = [
  {
    name: 'decrypt',
    victim: 'runner',
    count: {
      kind: 'calls',
      calls: { module: 'libsignal', className: 'SessionCipher', methods: ['decryptWhisperMessage', 'decryptPreKeyWhisperMessage'] },
    },
  },
  { name: 'write', victim: 'runner', count: { kind: 'calls', calls: commits() } },
  {
    name: 'unacked',
    victim: 'runner',
    count: {
      kind: 'level',
      module: 'session-runner/messages/spool.js',
      className: 'Spool',
      start: 'start',
      property: 'records',
      after: [commits(), ipcCalls('spool.commit')],
    },
  },
  { name: 'sending', victim: 'runner', count: { kind: 'unconfirmed frames' } },
  {
    name: 'uploading',
    victim: 'runner',
    count: { kind: 'calls', calls: { module: 'session-runner/session/session.js', className: 'Session', methods: ['uploadMedia'] } },
  },
  {
    name: 'keep file',
    victim: 'supervisor',
    count: { kind: 'calls', calls: { module: 'supervisor/media/media-library.js', className: 'MediaLibrary', methods: ['keep'] } },
  },
  { name: 'accept', victim: 'supervisor', count: { kind: 'calls', calls: commits(isAccept) } },
  { name: 'turn', victim: 'supervisor', count: { kind: 'calls', calls: commits(isTurn) } },
  { name: 'upload', victim: 'supervisor', count: { kind: 'calls', calls: ipcCalls('media.upload') } },
  { name: 'uploaded', victim: 'supervisor', count: { kind: 'calls', calls: commits(isUploaded) } },
  { name: 'dispatched', victim: 'supervisor', count: { kind: 'calls', calls: ipcCalls('session.send') } },
  { name: 'outcome', victim: 'supervisor', count: { kind: 'calls', calls: commits(isOutcome) } },
  { name: 'history', victim: 'supervisor', count: { kind: 'calls', calls: commits(isHistory) } },
  {
    name: 'shipping',
    victim: 'supervisor',
    needsStore: true,
    count: {
      kind: 'calls',
      calls: {
        module: 'shared/object-store/s3-object-store.js',
        className: 'S3ObjectStore',
        methods: ['put'],
        when: ([key]) => entryNumberOf(String(key)) !== undefined,
      },
    },
  },
  {
    name: 'checkpoint',
    victim: 'supervisor',
    needsStore: true,
    count: { kind: 'calls', calls: { module: 'supervisor/replication/checkpoints.js', className: 'Checkpoints', methods: ['write'] } },
  },
];

/** Those that can occur with or without an object store. */
export const phasesOf = (withStore: boolean): Phase[] => PHASES.filter(({ needsStore }) => needsStore !== true || withStore);

/** Nothing of all that is under way. */
export const IDLE = 'idle';

/** What the killer aims at: a phase of a process, or its idleness. */
export interface Aim {
  victim: Victim;
  phase: string;
}

export const aimsOf = (phases: readonly Phase[]): Aim[] => [
  ...phases.map(({ victim, name }) => ({ victim, phase: name })),
  ...VICTIMS.map((victim) => ({ victim, phase: IDLE })),
];
