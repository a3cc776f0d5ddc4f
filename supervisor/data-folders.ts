// Where in the data folder each store lies.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const supervisorFolder = (dataDir: string): string => join(dataDir, 'supervisor');
export const slotsFolder = (dataDir: string): string => join(dataDir, 'runners');
export const slotFolder = (dataDir: string, slot: number): string => join(slotsFolder(dataDir), String(slot));

/** Slots that ever had a runner, in their order. */
export const slotsIn = (dataDir: string): number[] => {
  const folder = slotsFolder(dataDir);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
};
