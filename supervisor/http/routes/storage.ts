import type { StorageView, Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';

export const storageEndpoints = (worker: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/storage',
    handle: (_request, response) => {
      sendData(response, storageJson(worker.storage.status()));
    },
  },
  {
    method: 'post',
    path: '/storage/flush',
    handle: async (_request, response) => {
      sendData(response, storageJson(await worker.storage.flush()));
    },
  },
];

export const storageJson = ({ mode, state, lagMs, changesWaiting, sessionsDirty, sentence }: StorageView) => ({
  ...{ mode, state, lagMs, changesWaiting, sessionsDirty },
  sentence: sentence ?? null,
});
