// Baileys' way of writing bytes in JSON: `{"type":"Buffer","data":"<base64>"}`.

/** Like `JSON.stringify`. Loops and no lists in between: a session has hundreds of keys. */
export const stringifyBaileys = (value: unknown): string => {
  if (value === null || typeof value !== 'object' || isPlainJson(value)) return JSON.stringify(value);
  if (value instanceof Uint8Array) {
    return `{"type":"Buffer","data":"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"}`;
  }
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) text += (text && ',') + (item === undefined ? 'null' : stringifyBaileys(item));
    return `[${text}]`;
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) text += `${text && ','}${JSON.stringify(key)}:${stringifyBaileys(member)}`;
  }
  return `{${text}}`;
};

/** Whether `JSON.stringify` writes the same, many times faster: so it is with Signal sessions, which are most of what there is to write. */
const isPlainJson = (value: unknown): boolean => {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isPlainJson);
  if (Object.getPrototypeOf(value) !== Object.prototype || 'toJSON' in value) return false;
  for (const key of Object.keys(value)) if (!isPlainJson((value as Record<string, unknown>)[key])) return false;
  return true;
};

/** The other way round; also takes the byte lists of older versions. */
export const fromBaileysJson = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(fromBaileysJson);
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type === 'Buffer' && typeof data === 'string') return Buffer.from(data, 'base64');
  if (type === 'Buffer' && Array.isArray(data)) return Buffer.from(data as number[]);
  const plain: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = fromBaileysJson((value as Record<string, unknown>)[key]);
    // A member may be called __proto__, and must not become one.
    if (key === '__proto__') Object.defineProperty(plain, key, { value: member, enumerable: true, writable: true, configurable: true });
    else plain[key] = member;
  }
  return plain;
};
