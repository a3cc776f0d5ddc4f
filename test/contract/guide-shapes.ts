// Compares a running worker's answers with the guide's examples, field by field.
import { ALLOWED_VALUES, GUIDE, type GuideCall, type GuideExample } from './guide-examples.js';

export interface GuideClient {
  baseUrl: string;
  token: string | undefined;
}

export interface GuideAnswer {
  status: number;
  body: unknown;
  /** Where the answer differs from the example; empty when it does not. */
  problems: string[];
}

/** Calls that answer exactly the guide's fields; the others may add some. */
const EXACT: ReadonlySet<GuideCall> = new Set<GuideCall>(['create', 'delete']);

export interface CallOptions {
  sessionId?: string;
  /** Instead of the example's request. */
  request?: Record<string, unknown>;
  /** Fields of the example that this answer rightly leaves out, such as `data.phoneNumber` of a session that was never paired. */
  absent?: readonly string[];
}

/** Makes one of the guide's calls and compares. */
export const callGuide = async ({ baseUrl, token }: GuideClient, call: GuideCall, options: CallOptions = {}): Promise<GuideAnswer> => {
  const example: GuideExample = GUIDE[call];
  const request = options.request ?? example.request;
  const response = await fetch(baseUrl + example.path.replace('{sessionId}', options.sessionId ?? ''), {
    method: example.method,
    headers: {
      // The guide's connect names this type without sending a body.
      ...(example.method === 'POST' && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    ...(request && { body: JSON.stringify(request) }),
  });
  const body: unknown = await response.json();
  const problems = response.status === 200 ? [] : [`status is ${response.status} instead of 200`];
  return { status: response.status, body, problems: [...problems, ...differences(call, body, options.absent ?? [])] };
};

/** @returns where `body` differs from the guide's answer to `call` in names, types and formats */
export const differences = (call: GuideCall, body: unknown, absent: readonly string[] = []): string[] => {
  const found: string[] = [];
  const fieldOf = (path: string): string => (path === '' ? call : `${call}.${path}`);

  const compare = (actual: unknown, example: unknown, path: string): void => {
    if (absent.includes(path)) {
      if (actual !== undefined) found.push(`${fieldOf(path)} should be absent`);
    } else if (Array.isArray(example)) {
      if (!Array.isArray(actual)) found.push(`${fieldOf(path)} is not a list`);
      else actual.forEach((item, index) => compare(item, example[0], join(path, String(index))));
    } else if (isObject(example)) {
      if (isObject(actual)) compareFields(actual, example, path);
      else found.push(`${fieldOf(path)} is not an object`);
    } else {
      const format = formatOf(example);
      if (!format.test(actual)) found.push(`${fieldOf(path)} is ${JSON.stringify(actual)} instead of ${format.name}`);
      const allowed = ALLOWED_VALUES[fieldOf(path)];
      if (allowed && !allowed.includes(String(actual))) found.push(`${fieldOf(path)} is none of ${allowed.join(', ')}`);
    }
  };

  const compareFields = (actual: Record<string, unknown>, example: Record<string, unknown>, path: string): void => {
    for (const [name, value] of Object.entries(example)) compare(actual[name], value, join(path, name));
    if (!EXACT.has(call)) return;
    for (const name of Object.keys(actual)) if (!(name in example)) found.push(`${fieldOf(join(path, name))} is not in the guide`);
  };

  compare(body, GUIDE[call].response, '');
  return found;
};

interface Format {
  name: string;
  test: (value: unknown) => boolean;
}

const matching = (name: string, pattern: RegExp): Format => ({ name, test: (value) => typeof value === 'string' && pattern.test(value) });

/** More specific formats first; an example's format is the first that fits it. */
const STRING_FORMATS: readonly Format[] = [
  matching('an ISO time in UTC', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
  matching('a PNG data URL', /^data:image\/png;base64,iVBORw0KGgo[A-Za-z0-9+/=]+$/),
  matching('a phone number with +', /^\+\d{6,15}$/),
  matching('an address', /^[\d-]+@(s\.whatsapp\.net|lid|g\.us)$/),
  { name: 'a text', test: (value) => typeof value === 'string' && value !== '' },
];

const formatOf = (example: unknown): Format => {
  if (typeof example === 'string') {
    return STRING_FORMATS.find(({ test }) => test(example)) ?? { name: 'a text', test: (value) => typeof value === 'string' };
  }
  if (typeof example === 'number') return { name: 'a number', test: (value) => typeof value === 'number' && value >= 0 };
  return { name: JSON.stringify(example), test: (value) => value === example };
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
