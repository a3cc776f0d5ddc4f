// Connections through the proxy of a session. Loaded with the first session that has one.
import type { Agent } from 'node:http';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { messageOf } from '../../shared/errors.js';

type Connect = HttpsProxyAgent<string>['connect'];

/** A proxy that has made no connection by then has failed. */
const CONNECT_MS = 15_000;

/**
 * An agent for servers of any kind.
 * @param onFailure told whenever the proxy made no connection, and why; never with its credentials
 */
export const proxyAgent = (url: string, onFailure: (why: string) => void, connectMs = CONNECT_MS): Agent => {
  const { protocol } = new URL(url);
  const agent: Agent & { connect: Connect } = protocol.startsWith('socks')
    ? new SocksProxyAgent(url, { timeout: connectMs })
    : new TimelyHttpProxy(url, connectMs);
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    // Its refusal is played to whoever asked as if it were the server's answer.
    if (statusCode !== 200) onFailure(`it answered ${statusCode}`);
  });
  const connect = agent.connect.bind(agent);
  agent.connect = async (...given) => {
    try {
      return await connect(...given);
    } catch (error) {
      onFailure(messageOf(error));
      throw error;
    }
  };
  return agent;
};

/** The library waits for the answer of a proxy for ever. */
class TimelyHttpProxy extends HttpsProxyAgent<string> {
  readonly #connectMs: number;

  constructor(url: string, connectMs: number) {
    super(url);
    this.#connectMs = connectMs;
  }

  override async connect(...given: Parameters<Connect>): ReturnType<Connect> {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
    }, this.#connectMs);
    // Read before the first wait, so that each connection has its own.
    Object.assign(this.connectOpts, { signal: late.signal });
    try {
      return await super.connect(...given);
    } catch (error) {
      throw late.signal.aborted ? new Error(`the proxy made no connection in ${this.#connectMs / 1000} s`) : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
