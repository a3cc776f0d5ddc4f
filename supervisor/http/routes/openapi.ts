import { z } from 'zod';
import { endpoint, type Endpoint } from '../endpoint.js';
import { openApiDocument, type OpenApiDocument, type OpenApiOptions } from '../openapi.js';

/** The document of `others` and of itself. */
export const openApiEndpoint = (others: readonly Endpoint[], options: OpenApiOptions): Endpoint => {
  let document: OpenApiDocument | undefined;
  const own: Endpoint = endpoint({
    method: 'get',
    path: '/openapi.json',
    tag: 'document',
    summary: 'This document.',
    data: z.looseObject({ openapi: z.string() }),
    envelope: 'bare',
    errors: [],
    examples: { document: { data: { openapi: '3.1.0' } } },
    handle: (): OpenApiDocument => (document ??= openApiDocument([...others, own], options)),
  });
  return own;
};
