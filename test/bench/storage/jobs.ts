// What a process of this bench can be told to do.
import { plant } from '../fleet/plant.js';
import { commitSteps } from './auth-steps.js';
import { compareFleet, makeCredentials, makeHistory, restoreFleet, saveFleet, unpackFleet, useFleet } from './fleet-jobs.js';
import { readPages } from './read-pages.js';
import { receiveMessages } from './receive-messages.js';
import { replicateTraffic } from './replicate-traffic.js';
import { runnerTraffic } from './runner-traffic.js';
import { uploadStream } from './upload-stream.js';

export const JOBS = {
  commitSteps,
  compareFleet,
  makeCredentials,
  makeHistory,
  plant,
  readPages,
  receiveMessages,
  replicateTraffic,
  restoreFleet,
  runnerTraffic,
  saveFleet,
  unpackFleet,
  uploadStream,
  useFleet,
} as const;

export type JobName = keyof typeof JOBS;
