// Every curl of docs/api/*.md is a request that a route takes, and every answer shown after it is one that the route gives, field by field.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../../shared/errors.js';
import type { Endpoint } from '../../../supervisor/http/endpoint.js';
import { ENVELOPES } from '../../../supervisor/http/envelope.js';
import { Failure } from '../../../supervisor/http/schemas/failure.js';
import { storiesOf } from '../../support/docs/examples.js';
import { closeServersAfterEach, startServer } from '../http/http-fixture.js';

closeServersAfterEach();

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = readdirSync(join(ROOT, 'docs/api')).map((name) => `docs/api/${name}`);

interface Request {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: unknown;
  line: string;
}

it.each(PAGES)('%s shows requests that are taken and answers that are given', async (page) => {
  const { server } = await startServer();
  for (const { commands, answers } of storiesOf(readFileSync(join(ROOT, page), 'utf8'))) {
    const requests = commands.filter((line) => line.startsWith('curl ')).map(requestOf);
    const rows = requests.map((request) => ({ request, row: rowOf(server.endpoints, request) }));
    for (const { request, row } of rows) {
      expect(row, `no route for ${request.line}`).toBeDefined();
      const isRefused = answers.length > 0 && answers.every(({ code }) => code === 'INVALID_REQUEST');
      // What a page shows as refused may be refused behind the schema, too.
      if (!isRefused)
        expect({ line: request.line, problem: row && problemOf(row, request) }).toEqual({ line: request.line, problem: undefined });
    }
    for (const answer of answers) {
      const problems = rows.map(({ row }) => row && differenceOf(row, answer));
      expect(problems.includes(undefined) ? [] : { answer, problems }).toEqual([]);
    }
  }
});

it('has many of them', () => {
  const stories = PAGES.flatMap((page) => storiesOf(readFileSync(join(ROOT, page), 'utf8')));
  expect(stories.length).toBeGreaterThan(25);
  expect(stories.flatMap(({ answers }) => answers).length).toBeGreaterThan(25);
});

describe('links', () => {
  const documents = [
    ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
    ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
      name.endsWith('.md') ? [`docs/${name}`] : [],
    ),
  ];
  it.each(documents)('of %s lead somewhere', (name) => {
    const path = join(ROOT, name);
    const links = [...readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).has(anchor);
    });
    expect(broken.map((link) => `${relative(ROOT, path)}: ${link}`)).toEqual([]);
  });
});

it('docs/api/errors.md lists every code with its status', () => {
  const rows = [...readFileSync(join(ROOT, 'docs/api/errors.md'), 'utf8').matchAll(/^\| `([A-Z_0-9]+)` +\| (\d{3}) +\| (yes|no) /gm)];
  const listed = Object.fromEntries(
    rows.map(([, code = '', status, retryable]) => [code, { status: Number(status), retryable: retryable === 'yes' }]),
  );
  expect(listed).toEqual(ERRORS);
});

const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

/** Of curl's options those that the pages use. */
const requestOf = (line: string): Request => {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '');
  const after = (option: string): string[] => words.flatMap((word, index) => (words[index - 1] === option ? [word] : []));
  const [data, file] = [[...after('-d'), ...after('--data')][0], after('--data-binary')[0]];
  const fields = after('-F').map((field): [string, string] => [field.split('=')[0] ?? '', field.replace(/^[^=]*=/, '')]);
  const hasBody = data !== undefined || file !== undefined || fields.length > 0;
  const address = words.find((word, index) => index > 0 && /^(https?:\/\/)?localhost:/.test(word)) ?? '';
  return {
    line,
    method: (after('-X')[0] ?? (hasBody ? 'POST' : 'GET')).toLowerCase(),
    url: new URL(address.startsWith('http') ? address : `http://${address}`),
    headers: Object.fromEntries(
      after('-H').map((header): [string, string] => [(header.split(':')[0] ?? '').toLowerCase(), header.replace(/^[^:]*: */, '')]),
    ),
    body: data?.startsWith('{') ? (JSON.parse(data) as unknown) : Object.fromEntries(fields.filter(([, value]) => !value.startsWith('@'))),
  };
};

const rowOf = (endpoints: readonly Endpoint[], { method, url }: Request): Endpoint | undefined =>
  endpoints.find((row) => row.method === method && partsOf(row, url) !== undefined);

const partsOf = ({ path }: Endpoint, { pathname }: URL): Record<string, string> | undefined => {
  const pattern = path.replaceAll('.', '\\.').replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  const match = new RegExp(`^${pattern}$`).exec(pathname);
  return match ? Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, part]) => [name, decodeURIComponent(part)])) : undefined;
};

/** Why the row does not take the request. */
const problemOf = (row: Endpoint, { url, headers, body }: Request): unknown =>
  row.params?.safeParse(partsOf(row, url)).error ??
  row.query?.safeParse(Object.fromEntries(url.searchParams)).error ??
  row.headers?.safeParse(headers).error ??
  row.body?.safeParse(body).error;

/** What of the answer the row does not give. */
const differenceOf = (row: Endpoint, answer: Record<string, unknown>): unknown => {
  const schema = answer['success'] === true ? ENVELOPES[row.envelope ?? 'data'].schema(row.data) : Failure;
  const { data, error } = schema.safeParse(answer);
  if (error) return error.issues;
  // A field that the schema does not know was left out of `data`.
  return JSON.stringify(data) === JSON.stringify(answer) || isEqual(data, answer) ? undefined : { known: data };
};

const isEqual = (a: unknown, b: unknown): boolean => {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
};
