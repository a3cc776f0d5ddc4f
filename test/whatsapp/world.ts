import type { Directory } from './accounts/directory.js';
import type { FaultBoard } from './faults/fault-board.js';
import type { GroupDirectory } from './groups/group-directory.js';
import type { MediaStore } from './media/media-store.js';
import type { PairingDesk } from './pairing/pairing-desk.js';
import type { PresenceBoard } from './presence/presence-board.js';
import type { ConnectionLog } from './record/connection-log.js';
import type { Stats } from './record/stats.js';
import type { Traces } from './record/traces.js';
import type { Clock } from './server/clock.js';
import type { Switchboard } from './server/switchboard.js';
import type { ServerIdentity } from './wire/trust-chain.js';

/** Everything that one simulated WhatsApp consists of. */
export interface World {
  readonly clock: Clock;
  readonly identity: ServerIdentity;
  readonly directory: Directory;
  readonly groups: GroupDirectory;
  readonly faults: FaultBoard;
  readonly connections: ConnectionLog;
  readonly switchboard: Switchboard;
  readonly pairing: PairingDesk;
  readonly presence: PresenceBoard;
  readonly media: MediaStore;
  readonly stats: Stats;
  readonly traces: Traces;
  /** Says that something worth keeping changed, so that the state file follows. */
  readonly changed: () => void;
}
