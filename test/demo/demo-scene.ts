import type { FleetSceneOptions } from '../support/fleet-scene.js';

/** With room for two sessions each, one session weighs more in the load score than any other difference between the workers. */
export const DEMO_SCENE: FleetSceneOptions = { workerIds: ['worker-001', 'worker-002'], env: { WORKER_MAX_SESSIONS: '2' } };
