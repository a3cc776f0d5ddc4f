import { Directory } from './accounts/directory.js';
import { FaultBoard } from './faults/fault-board.js';
import { GroupDirectory } from './groups/group-directory.js';
import { MediaStore } from './media/media-store.js';
import { PairingDesk } from './pairing/pairing-desk.js';
import { PresenceBoard } from './presence/presence-board.js';
import { ConnectionLog } from './record/connection-log.js';
import { Stats } from './record/stats.js';
import { Traces } from './record/traces.js';
import { Clock } from './server/clock.js';
import { Switchboard } from './server/switchboard.js';
import { makeServerIdentity } from './wire/trust-chain.js';
import type { World } from './world.js';

/** An empty world: nobody has a phone yet. `changed` is called whenever something worth keeping changes; media files go to `mediaFolder`. */
export function makeWorld(mediaFolder: string, changed: () => void): World {
  const clock = new Clock();
  const stats = new Stats();
  const faults = new FaultBoard(stats);
  const world: World = {
    clock,
    stats,
    faults,
    changed,
    identity: makeServerIdentity(),
    directory: new Directory(),
    groups: new GroupDirectory(),
    connections: new ConnectionLog(clock),
    switchboard: new Switchboard(() => world),
    pairing: new PairingDesk(() => world),
    presence: new PresenceBoard(() => world),
    media: new MediaStore(mediaFolder),
    traces: new Traces(clock),
  };
  faults.onChange = () => {
    for (const connection of world.switchboard.open()) connection.applyFreeze();
  };
  return world;
}
