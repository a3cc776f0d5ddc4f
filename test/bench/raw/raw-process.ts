// The yardstick: one process of Baileys without a worker. `node raw-process.js SETUP`, in JSON; then calls over IPC.
import '../../whatsapp/trust-root.js';
import { quietConsole } from '../../whatsapp/quiet-console.js';
import type { RawAnswer, RawCall, RawSetup } from './raw-calls.js';
import { RawFleet } from './raw-fleet.js';

quietConsole();
const setup = JSON.parse(process.argv[2] ?? '') as RawSetup;
// Loaded only then, so that nothing of the product is in the process of stock Baileys.
if (setup.fixed) (await import('./apply-fixes.js')).applyFixes();
const fleet = new RawFleet(setup);

process.on('message', ({ id, method, args }: RawCall) => {
  const answer = (message: RawAnswer): void => void process.send?.(message);
  (fleet[method] as (args: unknown) => Promise<unknown>).call(fleet, args).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
