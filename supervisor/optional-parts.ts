// Parts that a worker alone has no use for are loaded only where they are wanted: they take megabytes.
import type { BackendLink } from './backend/backend-link.js';
import type { BackendLinkOptions } from './backend/create-backend-link.js';
import type { ObjectStore } from '../shared/object-store/object-store.js';
import type { ObjectStoreOptions, ReplicationParts } from './replication/create-replication.js';
import type { Replication } from './replication/replication.js';

export const createBackendLink = async (options: BackendLinkOptions): Promise<BackendLink> =>
  (await import('./backend/create-backend-link.js')).createBackendLink(options);

export const openObjectStore = async (options: ObjectStoreOptions): Promise<ObjectStore> =>
  (await import('./replication/create-replication.js')).openObjectStore(options);

export const createReplication = async (parts: ReplicationParts): Promise<Replication> =>
  (await import('./replication/create-replication.js')).createReplication(parts);
