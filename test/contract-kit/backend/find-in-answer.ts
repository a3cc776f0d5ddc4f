// The guide prints no shape for some answers; these look for what has to be somewhere in them.

/** The first text in `value` that fits, in depth-first order. */
const findText = (value: unknown, fits: (text: string, name: string) => boolean, name = ''): string | undefined => {
  if (typeof value === 'string') return fits(value, name) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findText(item, fits, Array.isArray(value) ? name : key);
    if (found !== undefined) return found;
  }
  return undefined;
};

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The JWT somewhere in the answer to a login; the access token before others. */
export const findJwt = (body: unknown): string | undefined =>
  findText(body, (text, name) => JWT.test(text) && /access/i.test(name)) ??
  findText(body, (text, name) => JWT.test(text) && /token|jwt/i.test(name));

/** The first field of one of these names that is a text, by the order of the names. */
export const findField = (body: unknown, ...names: readonly string[]): string | undefined => {
  for (const wanted of names) {
    const found = findText(body, (text, name) => name === wanted && text !== '');
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The object in a list somewhere in `body`, that has `text` in one of its fields. */
export const findListed = (body: unknown, text: string): Record<string, unknown> | undefined => {
  if (typeof body !== 'object' || body === null) return undefined;
  for (const item of Object.values(body) as unknown[]) {
    if (Array.isArray(body) && typeof item === 'object' && item !== null && Object.values(item).includes(text)) {
      return item as Record<string, unknown>;
    }
    const found = findListed(item, text);
    if (found) return found;
  }
  return undefined;
};
