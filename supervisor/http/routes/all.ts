import type { Logger } from '../../../shared/logging.js';
import type { BackendConfig, Config } from '../../config.js';
import type { Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { chatEndpoints } from './chat.js';
import { chatListEndpoints } from './chat-list.js';
import { contactEndpoints } from './contacts.js';
import { eventEndpoints } from './events.js';
import { runnerEndpoints } from './runners.js';
import { groupMemberEndpoints } from './group-members.js';
import { groupEndpoints } from './groups.js';
import { healthEndpoints } from './health.js';
import { mediaEndpoints } from './media.js';
import { messageEndpoints } from './messages.js';
import { openApiEndpoint } from './openapi.js';
import { profileEndpoints } from './profile.js';
import { qrEndpoints } from './qr.js';
import { queueEndpoints } from './queue.js';
import { reportEndpoints } from './reports.js';
import { sendEndpoints } from './send.js';
import { sessionEndpoints } from './sessions.js';
import { settingsEndpoints } from './settings.js';
import { storageEndpoints } from './storage.js';
import { webhookEndpoints } from './webhooks.js';
import { whatsamEndpoints } from './whatsam/whatsam.js';

export type EndpointsConfig = Pick<Config, 'apiAccess' | 'version'> & {
  /** Its dialect may bring routes of its own. */
  readonly backend?: Pick<BackendConfig, 'dialect'> | undefined;
};

const OF_WORKER = [
  ...[healthEndpoints, sessionEndpoints, qrEndpoints, sendEndpoints, queueEndpoints, messageEndpoints, mediaEndpoints],
  ...[chatListEndpoints, chatEndpoints, contactEndpoints, profileEndpoints, groupEndpoints, groupMemberEndpoints],
  ...[settingsEndpoints, webhookEndpoints],
  ...[runnerEndpoints, storageEndpoints, reportEndpoints],
];

/** Every route of the worker. @param ending ends answers that would go on for ever */
export const allEndpoints = (worker: Worker, config: EndpointsConfig, log: Logger, ending: AbortSignal): Endpoint[] => {
  const endpoints = [
    ...OF_WORKER.flatMap((rows) => rows(worker)),
    ...eventEndpoints(worker, ending),
    ...(config.backend?.dialect === 'whatsam' ? whatsamEndpoints(worker, log) : []),
  ];
  return [...endpoints, openApiEndpoint(endpoints, { version: config.version, token: config.apiAccess === 'token' })];
};
