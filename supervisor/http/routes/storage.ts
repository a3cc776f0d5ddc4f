import type { StorageView, Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { EXAMPLE_STORAGE, Storage } from '../schemas/storage.js';

export const storageEndpoints = (worker: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/storage', tag: 'storage' },
    summary: 'How far the object store is behind.',
    data: Storage,
    errors: [],
    examples: { local: { data: EXAMPLE_STORAGE } },
    handle: () => storageJson(worker.storage.status()),
  }),
  endpoint({
    ...{ method: 'post', path: '/storage/flush', tag: 'storage' },
    summary: 'Brings the object store up to date now.',
    data: Storage,
    errors: ['STORAGE_UNAVAILABLE'],
    examples: { local: { data: EXAMPLE_STORAGE } },
    handle: async () => storageJson(await worker.storage.flush()),
  }),
];

export const storageJson = ({ mode, state, lagMs, changesWaiting, sessionsDirty, mediaWaiting, sentence }: StorageView) => ({
  ...{ mode, state, lagMs, changesWaiting, sessionsDirty, mediaWaiting },
  sentence: sentence ?? null,
});
