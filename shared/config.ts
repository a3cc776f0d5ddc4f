// Reading environment variables: strict values, every problem at once, and never a value in a message, since any of them may be a secret.
import { z } from 'zod';

export interface Problem {
  variable: string;
  /** Completes the sentence that starts with the variable's name. */
  problem: string;
}

/** The configuration cannot be used; whoever catches it prints the message and exits with `EXIT.config`. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(['The configuration cannot be used:', ...problems.map(({ variable, problem }) => `  ${variable} ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;
type Shape = Readonly<Record<string, z.ZodType>>;
export type Values<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]> };

/** A rule over several variables; it is asked only when all of `needs` are valid by themselves. */
export interface Rule<S extends Shape> {
  needs: readonly (keyof S & string)[];
  check: (values: Values<S>) => Problem | undefined;
}

/** @throws ConfigError with every problem of every variable. An empty string counts as absent. */
export const readEnvironment = <S extends Shape>(shape: S, environment: Environment, rules: readonly Rule<S>[] = []): Values<S> => {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [variable, schema] of Object.entries(shape)) {
    const text = environment[variable];
    const result = schema.safeParse(text === '' ? undefined : text);
    if (result.success) values[variable] = result.data;
    else problems.push({ variable, problem: result.error.issues[0]?.message ?? 'is not valid' });
  }
  const broken = new Set(problems.map(({ variable }) => variable));
  // Every key of the shape is either in `values` or in `broken`, and a rule is asked only about the former.
  const typed = Object.freeze(values) as Values<S>;
  for (const { needs, check } of rules) {
    if (needs.some((variable) => broken.has(variable))) continue;
    const problem = check(typed);
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return typed;
};

/** Digits only: `1e3`, `0x10`, `5.0`, ` 5` and `5abc` are typing errors, not numbers. */
export const wholeNumber = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.int({ error }).min(min, error).max(max, error));
};

/** true/false, yes/no, on/off, 1/0. */
export const flag = () => z.stringbool({ error: 'must be true or false' });

/** One of `options` in any case; the value has the case of the option. */
export const oneOf = <const O extends readonly [string, ...string[]]>(options: O, fold: 'upper' | 'lower') => {
  const error = `must be one of ${options.join(', ')}`;
  return z
    .string({ error })
    .transform((value) => (fold === 'upper' ? value.toUpperCase() : value.toLowerCase()))
    .pipe(z.enum(options, { error }));
};

/** An absolute URL with one of `protocols` and without credentials, which would end up in logs. */
export const url = (protocols: readonly string[]) => {
  const error = `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')} and holds no user or password`;
  return z.string({ error }).refine(
    (value) => {
      if (!URL.canParse(value)) return false;
      const { protocol, username, password } = new URL(value);
      return protocols.includes(protocol.slice(0, -1)) && username === '' && password === '';
    },
    { error },
  );
};

/** Text that matches `pattern`; `error` completes the sentence that starts with the variable's name. */
export const text = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, error);
