// Whether an answer is like the one that the documentation shows: the same fields with values of the same kind.

/** What is promised word by word. */
const WORDS: ReadonlySet<string> = new Set([
  'success',
  'error',
  'code',
  'retryable',
  'message',
  'data.status',
  'data.reason',
  'data.message',
]);

/** Fields whose values a reader puts into later requests. */
const NAMES: ReadonlySet<string> = new Set(['id', 'messageId', 'nextCursor', 'code', 'link', 'jid', 'mediaKey']);

interface Comparison {
  /** The first difference, as a sentence. */
  difference: string | undefined;
  /** What the documentation calls something, and what it is called here. */
  names: Map<string, string>;
}

/** @param may paths such as `data.ramp` of fields that are not always there */
export const compare = (documented: unknown, actual: unknown, may: ReadonlySet<string> = new Set()): Comparison => {
  const names = new Map<string, string>();
  return { difference: differenceAt([], documented, actual, may, names), names };
};

const differenceAt = (
  path: readonly string[],
  documented: unknown,
  actual: unknown,
  may: ReadonlySet<string>,
  names: Map<string, string>,
): string | undefined => {
  const place = path.join('.') || 'the answer';
  // What nothing is known of now.
  if (documented === null || actual === null) return undefined;
  if (Array.isArray(documented)) {
    if (!Array.isArray(actual)) return `${place} is no list`;
    return listDifference(path, documented, actual, may, names);
  }
  if (typeof documented !== typeof actual) return `${place} is ${JSON.stringify(actual)}, not like ${JSON.stringify(documented)}`;
  if (isObject(documented) && isObject(actual)) {
    for (const field of new Set([...Object.keys(documented), ...Object.keys(actual)])) {
      const inner = [...path, field];
      if (may.has(inner.join('.')) && !(field in documented && field in actual)) continue;
      if (!(field in actual)) return `${inner.join('.')} is shown and not there`;
      if (!(field in documented)) return `${inner.join('.')} is there and not shown`;
      const difference = differenceAt(inner, documented[field], actual[field], may, names);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  const field = path.at(-1) ?? '';
  if (WORDS.has(place) && withoutNumbers(documented) !== withoutNumbers(actual))
    return `${place} is ${JSON.stringify(actual)}, not ${JSON.stringify(documented)}`;
  if (NAMES.has(field) && isName(documented) && isName(actual)) names.set(String(documented), String(actual));
  return undefined;
};

/** Everything in the list is like something that is shown, and a list that is shown with something is not empty. */
const listDifference = (
  path: readonly string[],
  documented: readonly unknown[],
  actual: readonly unknown[],
  may: ReadonlySet<string>,
  names: Map<string, string>,
): string | undefined => {
  if (documented.length === 0) return undefined;
  if (actual.length === 0) return `${path.join('.')} is empty`;
  const left = new Set(documented);
  for (const item of actual) {
    const tries = documented.map((shown) => ({ shown, ...tryAt(path, shown, item, may) }));
    const fits = tries.filter(({ difference }) => difference === undefined);
    // Each that is shown stands for one first, and then for any.
    const fit = fits.find(({ shown }) => left.has(shown)) ?? fits[0];
    if (!fit) return tries[0]?.difference;
    if (left.delete(fit.shown)) for (const [shown, here] of fit.names) names.set(shown, here);
  }
  return undefined;
};

const tryAt = (path: readonly string[], shown: unknown, item: unknown, may: ReadonlySet<string>): Comparison => {
  const names = new Map<string, string>();
  return { difference: differenceAt([...path, '*'], shown, item, may, names), names };
};

/** Sentences may name a number of the moment. */
const withoutNumbers = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll(/\d+/g, '#') : value);

const isName = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
