// Types of the call maps, and the check that a frame from the other process is one.
import { z } from 'zod';
import { Frame, type CallSchema } from './protocol.js';

export type CallMap = Readonly<Record<string, CallSchema>>;
export type EventMap = Readonly<Record<string, z.ZodType>>;
export type MethodOf<C extends CallMap> = keyof C & string;
export type ParamsOf<C extends CallMap, M extends MethodOf<C>> = z.infer<C[M]['params']>;
export type ResultOf<C extends CallMap, M extends MethodOf<C>> = z.infer<C[M]['result']>;
export type EventNameOf<E extends EventMap> = keyof E & string;
export type EventOf<E extends EventMap, N extends EventNameOf<E>> = z.infer<E[N]>;

export type Parsed<T> = { ok: true; value: T } | { ok: false; problem: string };

/** Names what is wrong by path and expectation; zod never repeats the value itself, so no secret gets into a log. */
export const parseWith = <S extends z.ZodType>(schema: S, raw: unknown): Parsed<z.infer<S>> => {
  const parsed = schema.safeParse(raw);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: z.prettifyError(parsed.error) };
};

export const parseFrame = (raw: unknown): Parsed<Frame> => parseWith(Frame, raw);

/** The own entry of a table; a name that arrived from outside must not find `constructor` and the like. */
export const entryOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Logging the 1st, 2nd, 4th, 8th … occurrence keeps a flood of one complaint from becoming a flood of lines. */
export const isWorthALine = (count: number): boolean => (count & (count - 1)) === 0;
