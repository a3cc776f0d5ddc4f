import type { Agent } from 'node:https';
import type { Logger } from '../../shared/logging.js';
import type { UserFacingSocketConfig } from '../baileys.js';
import { Dispatcher } from './route-fetch.js';
import type { Through } from './session-proxies.js';

interface ProxiedSocket {
  /** For files; undefined without a proxy. */
  agent: Agent | undefined;
  options: Pick<UserFacingSocketConfig, 'agent' | 'fetchAgent' | 'options'>;
}

/** Everything that a connection brings and takes goes through the proxy. @param onFailure the proxy did not make the connection itself */
export const proxiedSocket = (through: Through | undefined, log: Logger, onFailure: () => void): ProxiedSocket => {
  if (!through) return { agent: undefined, options: {} };
  const forSocket = through((why) => {
    log.warn({ cause: why }, 'the proxy of the session made no connection');
    onFailure();
  });
  const forFiles = through((why) => {
    log.info({ cause: why }, 'the proxy of the session made no connection for a file');
  });
  // Baileys names the agents of https; these serve any server.
  const agent = forFiles as Agent;
  return { agent, options: { agent: forSocket as Agent, fetchAgent: agent, options: { dispatcher: new Dispatcher(forFiles) } as object } };
};
