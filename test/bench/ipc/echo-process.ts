// The other end of the bench of calls: answers each as a runner does. `node echo-process.js peer|bare`
import { channelOf } from '../../../shared/ipc/channel.js';
import { Peer } from '../../../shared/ipc/peer.js';
import { createLogger } from '../../../shared/logging.js';
import { ECHO_CALLS } from './echo-calls.js';

const NONE = {};

if (process.argv[2] === 'peer') {
  new Peer<typeof NONE, typeof ECHO_CALLS, typeof NONE, typeof NONE>({
    channel: channelOf(process),
    calls: NONE,
    served: ECHO_CALLS,
    handlers: { 'session.send': async () => Promise.resolve({ timestamp: Date.now() }) },
    heard: NONE,
    listeners: NONE,
    log: createLogger({ level: 'warn', base: {} }),
  });
} else {
  process.on('message', ({ id }: { id: number }) => void process.send?.({ id, result: { timestamp: Date.now() } }));
}
process.once('disconnect', () => process.exit(0));
process.send?.('listening');
