// What the process of the yardstick can be told to do, and how.
import type { RawFleet } from './raw-fleet.js';

export interface RawSetup {
  url: string;
  /** File with a line per device. */
  identities: string;
  sessions: number;
  /** With the product's own repairs of Baileys, or as it comes. */
  fixed: boolean;
}

export type RawMethod = { [M in keyof RawFleet]: RawFleet[M] extends (args: never) => Promise<unknown> ? M : never }[keyof RawFleet];

export interface RawCall {
  id: number;
  method: RawMethod;
  args: unknown;
}

export type RawAnswer = { id: number } & ({ result: unknown } | { error: string });
