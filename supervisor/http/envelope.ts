// The shapes of JSON answers.
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { ERRORS, type AppError } from '../../shared/errors.js';

export type EnvelopeName = 'data' | 'flat' | 'twice' | 'bare';

interface Envelope {
  wrap: (data: unknown) => unknown;
  /** Of the whole answer. */
  schema: (data: z.ZodType) => z.ZodType;
}

const success = z.literal(true);

export const ENVELOPES: Record<EnvelopeName, Envelope> = {
  /** `{success:true, data}` */
  data: { wrap: (data) => ({ success: true, data }), schema: (data) => z.object({ success, data }) },
  /** `{success:true, …data}`, for what leaves nothing to show but a sentence. */
  flat: { wrap: (data) => ({ success: true, ...fields(data) }), schema: (data) => z.object({ success }).and(data) },
  /** `{success:true, data, …data}`, for a gateway that looks in either place. */
  twice: { wrap: (data) => ({ ...fields(data), success: true, data }), schema: (data) => z.object({ success, data }).and(data) },
  /** As it is. */
  bare: { wrap: (data) => data, schema: (data) => data },
};

const fields = (data: unknown): object => (typeof data === 'object' && data !== null ? data : {});

/** The body of a failure; `error` is a string because the backends in use print it. */
export const failureBody = (error: AppError, requestId: string) => ({
  success: false,
  error: error.message,
  code: error.code,
  requestId,
  retryable: ERRORS[error.code].retryable,
  ...(error.details !== undefined && { details: error.details }),
});

/** Without what Express's own `json` does for other types and for caches. */
export const answerJson = (response: ServerResponse, value: unknown): void => {
  response.end(jsonOf(response, value));
};

/** The value as JSON, which the headers now say that the answer is. */
export const jsonOf = (response: ServerResponse, value: unknown): Buffer => {
  const body = Buffer.from(JSON.stringify(value));
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', body.length);
  return body;
};
