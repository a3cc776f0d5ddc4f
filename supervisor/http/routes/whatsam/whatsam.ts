import type { Logger } from '../../../../shared/logging.js';
import type { Worker } from '../../../worker.js';
import type { Endpoint } from '../../endpoint.js';
import { whatsamMessageEndpoints } from './messages.js';
import { whatsamSessionEndpoints } from './sessions.js';

/** What a whatsam gateway calls on a worker, beside the guide's routes. */
export const whatsamEndpoints = (worker: Worker, log: Logger): Endpoint[] => [
  ...whatsamSessionEndpoints(worker, log),
  ...whatsamMessageEndpoints(worker, log),
];
