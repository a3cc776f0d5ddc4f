import type { UserFacingSocketConfig } from '../baileys.js';
import { Browsers, DEFAULT_CONNECTION_CONFIG, proto } from '../baileys.js';
import type { RunnerSettings } from '../../shared/domain/session-settings.js';
import type { RunnerEnvironment } from '../../shared/runner-environment.js';
import { socketCaches } from './expiring-cache.js';
import { tlsAgent } from './tls-agent.js';

type SocketOptions = Omit<UserFacingSocketConfig, 'auth' | 'logger' | 'makeSignalRepository' | 'getMessage'>;

const { HistorySyncType } = proto.HistorySync;
/** History that carries LID mappings and names; the rest is bulk that nobody asked for. */
const LIGHT_HISTORY = new Set<number | null | undefined>([HistorySyncType.INITIAL_BOOTSTRAP, HistorySyncType.PUSH_NAME]);

const isSecure = (url: string | URL): boolean => new URL(url).protocol === 'wss:';

/** What we ask of Baileys beyond its defaults, each with its reason. */
export const socketOptions = (
  { WA_WEBSOCKET_URL, WA_VERSION, WA_APPEAR_ONLINE }: RunnerEnvironment,
  { markOnline }: RunnerSettings,
): SocketOptions => ({
  ...socketCaches(),
  ...(WA_WEBSOCKET_URL && { waWebSocketUrl: WA_WEBSOCKET_URL }),
  ...(isSecure(WA_WEBSOCKET_URL ?? DEFAULT_CONNECTION_CONFIG.waWebSocketUrl) && { agent: tlsAgent() }),
  // WhatsApp refuses clients that are too old (405); an operator can move on without a new release.
  ...(WA_VERSION && { version: WA_VERSION.split('.').map(Number) as [number, number, number] }),
  // A limit for each frame costs two stack traces and an error whenever one leaves. Connecting has a limit of ours, and a dead connection is found.
  connectTimeoutMs: 0,
  // Shown in the phone's list of linked devices.
  browser: Browsers.ubuntu('Chrome'),
  // Offline silences the sender's second tick, online silences the phone: the choice of whoever owns the session, or of the operator.
  markOnlineOnConnect: markOnline ?? WA_APPEAR_ONLINE === 'true',
  // We write our own sends into history; the echo would only come a second time.
  emitOwnEvents: false,
  syncFullHistory: false,
  shouldSyncHistoryMessage: ({ syncType }) => LIGHT_HISTORY.has(syncType),
  // Would fetch URLs found in texts from inside the runner.
  generateHighQualityLinkPreview: false,
  // Commits are never retried by Baileys: a failed one ends the socket.
  transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
});
