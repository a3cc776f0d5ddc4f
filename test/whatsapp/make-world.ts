import { Directory } from './accounts/directory.js';
import { FaultBoard } from './faults/fault-board.js';
import { PairingDesk } from './pairing/pairing-desk.js';
import { ConnectionLog } from './record/connection-log.js';
import { Stats } from './record/stats.js';
import { Traces } from './record/traces.js';
import { Clock } from './server/clock.js';
import { Switchboard } from './server/switchboard.js';
import { makeServerIdentity } from './wire/trust-chain.js';
import type { World } from './world.js';

/** An empty world: nobody has a phone yet. `changed` is called whenever something worth keeping changes. */
export function makeWorld(changed: () => void): World {
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
    connections: new ConnectionLog(clock),
    switchboard: new Switchboard(() => world),
    pairing: new PairingDesk(() => world),
    traces: new Traces(clock),
  };
  faults.onChange = () => {
    for (const connection of world.switchboard.open()) connection.applyFreeze();
  };
  return world;
}
