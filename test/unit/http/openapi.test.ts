import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../supervisor/http/endpoint.js';
import type { OpenApiDocument } from '../../../supervisor/http/openapi.js';
import { closeServersAfterEach, startServer, type Fixture } from './http-fixture.js';

closeServersAfterEach();

const dialects = [
  { name: 'of the guide', changes: {} },
  { name: 'of a whatsam gateway', changes: { backend: { dialect: 'whatsam' } } },
] as const;

const documentOf = async ({ call }: Fixture): Promise<OpenApiDocument> => (await call('GET', '/openapi.json')).body as OpenApiDocument;

describe.each(dialects)('the OpenAPI document $name', ({ changes }) => {
  it('is a valid one', async () => {
    const document = await documentOf(await startServer(changes));
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
  });

  it('has every route that is mounted, and no other', async () => {
    const fixture = await startServer(changes);
    const { paths } = await documentOf(fixture);
    const described = Object.entries(paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
    expect(described.sort()).toEqual(mountedRoutes(fixture.server.app).sort());
  });

  it('names every operation once', async () => {
    const { paths } = await documentOf(await startServer(changes));
    const ids = Object.values(paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has only examples that it allows', async () => {
    const document = await documentOf(await startServer(changes));
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema(document, 'document');
    const found = [...examplesIn(document, '')];
    expect(found.length).toBeGreaterThan(50);
    for (const { value, schema, at } of found) {
      expect({ at, valid: ajv.validate({ $ref: `document#${schema}` }, value), errors: ajv.errors }).toEqual({
        at,
        valid: true,
        errors: null,
      });
    }
  });

  it('describes what a row checks: every example of a request is taken, every example of an answer is whole', async () => {
    const { server } = await startServer(changes);
    for (const row of server.endpoints) {
      expect(Object.keys(row.examples), row.path).not.toEqual([]);
      expect(problemsOf(row)).toEqual([]);
    }
  });
});

describe('GET /openapi.json', () => {
  it('has the routes of a whatsam gateway only for a whatsam gateway', async () => {
    const [guide, whatsam] = await Promise.all(dialects.map(async ({ changes }) => documentOf(await startServer(changes))));
    expect(Object.keys(guide?.paths ?? {}).filter((path) => path.startsWith('/api/'))).toEqual([]);
    expect(Object.keys(whatsam?.paths ?? {})).toContain('/api/sessions/start');
  });

  it('asks for a token where the API does, and says so', async () => {
    const fixture = await startServer();
    expect((await fetch(`${fixture.baseUrl}/openapi.json`)).status).toBe(401);
    const document = await documentOf(fixture);
    expect(document).toMatchObject({ info: { version: '1.2.3' }, security: [{ token: [] }] });
    expect(document.paths['/live']?.['get']).toMatchObject({ security: [] });
    const open = await documentOf(await startServer({ apiAccess: 'loopback', authToken: undefined }));
    expect(open).not.toHaveProperty('security');
  });
});

/** A path that answers 405 has a route for all methods, which names none and is not one of the table. */
const mountedRoutes = (app: Fixture['server']['app']): string[] =>
  app.router.stack.flatMap(({ route }) => {
    const methods = new Set(route?.stack.flatMap(({ method }: { method?: string }) => method ?? []));
    return [...methods].map((method) => `${method} ${route?.path.replaceAll(/:(\w+)/g, '{$1}')}`);
  });

interface Found {
  value: unknown;
  /** JSON pointer of its schema. */
  schema: string;
  at: string;
}

/** Wherever a schema has an `example` or `examples` beside it. */
function* examplesIn(node: unknown, at: string): Generator<Found> {
  if (typeof node !== 'object' || node === null) return;
  const { schema, example, examples } = node as Record<string, unknown>;
  if (schema !== undefined && example !== undefined) yield { value: example, schema: `${at}/schema`, at };
  if (schema !== undefined && examples !== undefined) {
    for (const [name, { value }] of Object.entries(examples as Record<string, { value: unknown }>)) {
      yield { value, schema: `${at}/schema`, at: `${at} ${name}` };
    }
  }
  for (const [key, child] of Object.entries(node)) {
    yield* examplesIn(child, `${at}/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`);
  }
}

const problemsOf = ({ path, examples, ...row }: Endpoint): unknown[] =>
  Object.entries(examples).flatMap(([name, example]) => {
    const parts = (['params', 'query', 'headers', 'body'] as const).flatMap((part) => {
      const { error } = row[part]?.safeParse(example[part] ?? {}) ?? {};
      return error ? [{ path, name, part, error: error.message }] : [];
    });
    if (example.data !== undefined) expect(row.data.parse(example.data)).toEqual(example.data);
    return parts;
  });
