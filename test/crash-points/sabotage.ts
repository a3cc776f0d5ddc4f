// Preload (`node --import …/sabotage.js?sabotage=NAME&victim=…`): turns one safeguard of the worker off.
import { readParameters } from './preload.js';
import { SABOTAGES } from './sabotages.js';

const { victim, sabotage } = readParameters(import.meta.url);
const found = SABOTAGES[sabotage];
if (!found) throw new Error(`there is no sabotage ${sabotage}`);
await found[victim]?.();
