type Method = (this: object, ...args: unknown[]) => unknown;

/** Goes around a call: `proceed` makes it, with other arguments when given. */
export type Around = (proceed: (args?: readonly unknown[]) => unknown, args: readonly unknown[], self: object) => unknown;

/** Puts `around` about every call of a method of a class. @throws when there is no such method */
export const wrapMethod = (theClass: unknown, method: string, around: Around): void => {
  const prototype = (theClass as { prototype?: Record<string, unknown> } | undefined)?.prototype;
  const original = prototype?.[method];
  if (!prototype || typeof original !== 'function') throw new Error(`there is no method ${method} to wrap`);
  prototype[method] = function (this: object, ...args: unknown[]): unknown {
    return around((others = args) => Reflect.apply(original as Method, this, others), args, this);
  };
};

/** A class of a built module (its path from the root of `dist/`) or of a package. */
export const loadClass = async (module: string, className: string): Promise<unknown> => {
  const isPackage = !module.endsWith('.js');
  const loaded = (await import(isPackage ? module : new URL(`../../${module}`, import.meta.url).href)) as Record<string, unknown>;
  if (loaded[className] === undefined) throw new Error(`${module} has no ${className}`);
  return loaded[className];
};

/** Calls `then` when the outcome of a call is there, before whoever waits for it goes on. */
export const onSettled = (result: unknown, then: () => void): void => {
  if (result instanceof Promise) result.then(then, then);
  else then();
};

export const onFailed = (result: unknown, then: (error: unknown) => void): void => {
  if (result instanceof Promise) result.catch(then);
};
