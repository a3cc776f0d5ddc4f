import type { z } from 'zod';
import type { World } from '../world.js';

/** What a route works with. */
export interface Call<Body, Query> {
  readonly world: World;
  /** Saves the state; false when there is no state file. */
  readonly save: () => Promise<boolean>;
  /** Aborts when the caller went away. */
  readonly gone: AbortSignal;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
}

/** One entry of the control API. `:name` in the path is a parameter. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body: z.ZodType | null;
  readonly query: z.ZodType | null;
  readonly run: (call: Call<unknown, unknown>) => unknown;
}

interface Definition<Body extends z.ZodType, Query extends z.ZodType> {
  readonly body?: Body;
  readonly query?: Query;
  readonly run: (call: Call<z.output<Body>, z.output<Query>>) => unknown;
}

/** Makes a route whose handler sees its body and query as the schemas describe them. */
export function route<Body extends z.ZodType = z.ZodUnknown, Query extends z.ZodType = z.ZodUnknown>(
  signature: `${Route['method']} /${string}`,
  { body, query, run }: Definition<Body, Query>,
): Route {
  const [method, path] = signature.split(' ') as [Route['method'], string];
  // The server parses body and query with these very schemas before it calls.
  return { method, path, body: body ?? null, query: query ?? null, run: run as Route['run'] };
}
