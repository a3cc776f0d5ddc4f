import { RUNNER_CALLS } from '../../../shared/ipc/protocol.js';

/** The one call of this bench: the one that there is most of. */
export const ECHO_CALLS = { 'session.send': RUNNER_CALLS['session.send'] } as const;

/** As supervisor and runner speak, or `process.send` and nothing else. */
export type EchoKind = 'peer' | 'bare';
