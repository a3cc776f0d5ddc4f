// The OpenAPI document of a table of routes, made from the schemas that check them.
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../shared/errors.js';
import type { Endpoint } from './endpoint.js';
import { ENVELOPES } from './envelope.js';
import { Failure } from './schemas/failure.js';

type Json = Record<string, unknown>;

export interface OpenApiOptions {
  version: string;
  /** Whether the API asks for a token. */
  token: boolean;
}

export interface OpenApiDocument extends Json {
  openapi: string;
  paths: Record<string, Record<string, Json>>;
  components: Json;
}

/** @throws Error when two different schemas have one name */
export const openApiDocument = (endpoints: readonly Endpoint[], { version, token }: OpenApiOptions): OpenApiDocument => {
  const schemas = new NamedSchemas();
  const paths: OpenApiDocument['paths'] = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method]: operation(endpoint, schemas, token) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'WhatsApp gateway worker', version },
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.all,
      ...(token && { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'WORKER_AUTH_TOKEN' } } }),
    },
    ...(token && { security: [{ token: [] }] }),
  };
};

const operation = (endpoint: Endpoint, schemas: NamedSchemas, token: boolean): Json => {
  const { method, path, tag, summary, body, bodyForms = {} } = endpoint;
  return {
    operationId: [method, ...path.split(/\W+/)]
      .filter(Boolean)
      .join('_')
      .replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    tags: [tag],
    summary,
    ...(token && endpoint.open && { security: [] }),
    parameters: [
      ...parameters('path', endpoint.params, schemas, exampleOf(endpoint, 'params')),
      ...parameters('query', endpoint.query, schemas, exampleOf(endpoint, 'query')),
      ...parameters('header', endpoint.headers, schemas, exampleOf(endpoint, 'headers')),
    ],
    ...((body ?? endpoint.bodyForms) && {
      requestBody: {
        required: body?.safeParse({}).success !== true,
        ...describing(bodyForms),
        content: {
          ...(body && { 'application/json': { schema: schemas.jsonSchema(body), ...examples(endpoint, ({ body: sent }) => sent) } }),
          ...Object.fromEntries(
            Object.keys(bodyForms).map((type) => [type, { schema: type.startsWith('multipart/') ? { type: 'object' } : {} }]),
          ),
        },
      },
    }),
    responses: {
      '200': success(endpoint, schemas),
      ...(endpoint.accepted !== undefined && { '202': { ...success(endpoint, schemas), description: endpoint.accepted } }),
      ...failures(endpoint, schemas),
    },
  };
};

const parameters = (place: 'path' | 'query' | 'header', schema: z.ZodType | undefined, schemas: NamedSchemas, example: Json): Json[] => {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemas.jsonSchema(schema) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
    ...(name in example && { example: example[name] }),
  }));
};

/** Of the first example that has any. */
const exampleOf = ({ examples: named }: Endpoint, part: 'params' | 'query' | 'headers'): Json => {
  const found: unknown = Object.values(named).find((example) => example[part] !== undefined)?.[part];
  return { ...(found as Json | undefined) };
};

const examples = ({ examples: named }: Endpoint, pick: (example: Endpoint['examples'][string]) => unknown): Json => {
  const picked = Object.entries(named).flatMap(([name, example]) => {
    const value = pick(example);
    return value === undefined ? [] : [[name, { value }] as const];
  });
  return picked.length === 0 ? {} : { examples: Object.fromEntries(picked) };
};

const describing = (forms: Readonly<Record<string, string>>): Json => {
  const sentences = Object.entries(forms).map(([type, what]) => `As ${type}: ${what}`);
  return sentences.length === 0 ? {} : { description: sentences.join(' ') };
};

const success = (endpoint: Endpoint, schemas: NamedSchemas): Json => {
  const { wrap, schema } = ENVELOPES[endpoint.envelope ?? 'data'];
  const forms = Object.entries(endpoint.forms ?? {});
  return {
    description: ['Success.', ...forms.map(([type, what]) => `As ${type}: ${what}`)].join(' '),
    content: {
      // A row that never returns anything answers in other forms only.
      ...(!(endpoint.data instanceof z.ZodNever) && {
        'application/json': {
          schema: schemas.jsonSchema(schema(endpoint.data)),
          ...examples(endpoint, ({ data }) => (data === undefined ? undefined : wrap(data))),
        },
      }),
      ...Object.fromEntries(forms.map(([type]) => [type, type.startsWith('text/') ? { schema: { type: 'string' } } : {}])),
    },
  };
};

/** By status, each with the codes that it can come with. */
const failures = (endpoint: Endpoint, schemas: NamedSchemas): Json => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...impliedErrors(endpoint), ...endpoint.errors])) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const failure = schemas.jsonSchema(Failure);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.join(', '),
        content: { 'application/json': { schema: { allOf: [failure, { properties: { code: { enum: codes } } }] } } },
      },
    ]),
  );
};

const impliedErrors = ({ open, method, params, query, headers, body }: Endpoint): ErrorCode[] => [
  ...(params || query || headers || body ? (['INVALID_REQUEST'] as const) : []),
  ...(open ? [] : (['UNAUTHORIZED'] as const)),
  ...(method === 'get' || method === 'delete' ? [] : (['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const)),
  'INTERNAL',
];

/** Schemas with an id are there once, and referred to by it. */
class NamedSchemas {
  readonly all: Record<string, unknown> = {};

  jsonSchema(schema: z.ZodType): Json {
    // Of the input: a request is described as it is sent, and an answer is not changed by its schema.
    const { $defs = {}, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    delete json.$schema;
    for (const [name, named] of Object.entries($defs)) this.#add(name, withReferences(named));
    return withReferences(json);
  }

  #add(name: string, schema: Json): void {
    const known = this.all[name];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas are called ${name}`);
    this.all[name] = schema;
  }
}

const withReferences = (json: object): Json =>
  JSON.parse(JSON.stringify(json), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : value,
  ) as Json;
