// The table of routes. A row has the schemas that check its requests and describe them: see openapi.ts.
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.js';
import { answerJson, ENVELOPES, type EnvelopeName } from './envelope.js';
import { parse } from './parse.js';

type Schema = z.ZodType;
type None = z.ZodUndefined;
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Tag =
  | 'sessions'
  | 'send'
  | 'chats'
  | 'messages'
  | 'events'
  | 'contacts'
  | 'presence'
  | 'profile'
  | 'groups'
  | 'runners'
  | 'storage'
  | 'reports'
  | 'health'
  | 'document'
  | 'whatsam';

/** What a handler returns that wrote its answer itself. */
export const ANSWERED = Symbol('answered');

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** One request and its answer, for the document; a test checks them against the schemas. */
interface Example<P extends Schema, Q extends Schema, H extends Schema, B extends Schema, D extends Schema> {
  readonly params?: z.input<P>;
  readonly query?: z.input<Q>;
  readonly headers?: z.input<H>;
  readonly body?: z.input<B>;
  readonly data?: z.input<D>;
}

interface Row<P extends Schema, Q extends Schema, H extends Schema, B extends Schema, D extends Schema> {
  readonly method: Method;
  /** As express has it: `/session/:id/send`. */
  readonly path: string;
  readonly tag: Tag;
  /** One sentence. */
  readonly summary: string;
  /** Answered without a token, too. */
  readonly open?: true;
  readonly params?: P;
  readonly query?: Q;
  /** By their names in lower case. */
  readonly headers?: H;
  /** JSON; a request without one is checked as `{}`. */
  readonly body?: B;
  /** Read the body, where it is not only JSON of at most 1 MiB. */
  readonly readers?: readonly RequestHandler[];
  /** Other media types that the body may have, and what they hold. */
  readonly bodyForms?: Readonly<Record<string, string>>;
  /** What `handle` returns. */
  readonly data: D;
  /** When the status is 202 instead of 200. */
  readonly accepted?: string;
  /** How it is put into the answer; `data` unless said otherwise. */
  readonly envelope?: EnvelopeName;
  /** Other media types that the answer may have, and what they hold. */
  readonly forms?: Readonly<Record<string, string>>;
  /** Beyond those that every row of its kind can answer. */
  readonly errors: readonly ErrorCode[];
  /** By a name of a few words. */
  readonly examples: Readonly<Record<string, Example<P, Q, H, B, D>>>;
}

type Handle<P extends Schema, Q extends Schema, H extends Schema, B extends Schema, D extends Schema> = (
  taken: { params: z.output<P>; query: z.output<Q>; headers: z.output<H>; body: z.output<B> },
  exchange: Exchange,
) => Given<D> | Promise<Given<D>>;
type Given<D extends Schema> = z.input<D> | typeof ANSWERED;

export interface Endpoint extends Row<Schema, Schema, Schema, Schema, Schema> {
  readonly answer: (exchange: Exchange) => Promise<void>;
}

/** A row whose handler gets what its schemas made of the request, and returns what `data` describes. */
export const endpoint = <
  D extends Schema,
  P extends Schema = None,
  Q extends Schema = None,
  H extends Schema = None,
  B extends Schema = None,
>({
  handle,
  ...row
}: Row<P, Q, H, B, D> & { readonly handle: Handle<P, Q, H, B, D> }): Endpoint => ({
  ...row,
  // As a promise, because express takes a thrown `undefined` or `null` for "go on".
  answer: async ({ request, response }) => {
    const params = take(row.params, request.params);
    const query = take(row.query, request.query);
    const headers = take(row.headers, request.headers);
    const body = take(row.body, request.body ?? {});
    const data = await handle({ params, query, headers, body }, { request, response });
    if (data !== ANSWERED) answerJson(response, ENVELOPES[row.envelope ?? 'data'].wrap(data));
  },
});

/** @throws INVALID_REQUEST */
const take = <S extends Schema>(schema: S | undefined, value: unknown): z.output<S> =>
  // Without a schema there is nothing to take, which is what `None` says.
  schema === undefined ? (undefined as z.output<S>) : parse(schema, value);
