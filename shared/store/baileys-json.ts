// Baileys' way of writing bytes in JSON: `{"type":"Buffer","data":"<base64>"}`.

/** The same value with bytes as JSON can hold them. */
export const toBaileysJson = (value: unknown): unknown => {
  if (value instanceof Uint8Array) {
    return { type: 'Buffer', data: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (Array.isArray(value)) return value.map(toBaileysJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toBaileysJson(member)]));
};

/** The other way round; also takes the byte lists of older versions. */
export const fromBaileysJson = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(fromBaileysJson);
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type === 'Buffer' && typeof data === 'string') return Buffer.from(data, 'base64');
  if (type === 'Buffer' && Array.isArray(data)) return Buffer.from(data as number[]);
  // Not assignment: a member may be called __proto__.
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fromBaileysJson(member)]));
};

/** `JSON.stringify(toBaileysJson(value))`, without the tree in between: a session has hundreds of keys. */
export const stringifyBaileys = (value: unknown): string => {
  if (value instanceof Uint8Array) {
    return `{"type":"Buffer","data":"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? 'null' : stringifyBaileys(item))).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stringifyBaileys(member)}`).join(',')}}`;
};
