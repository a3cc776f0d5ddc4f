/** Deeper than anything that can be set; what lies below is replaced, not merged. */
const DEEPEST = 3;

/** What `patch` makes of `target`, as RFC 7396 has it: null removes, objects are merged, anything else replaces. */
export const mergePatch = (target: unknown, patch: unknown, depth = 0): unknown => {
  if (!isObject(patch) || depth === DEEPEST) return patch;
  const members = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, mergePatch(members.get(name), value, depth + 1));
  }
  return Object.fromEntries(members);
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
