// What a check says about an exchange; each throws ContractBroken with the exchange that shows it.
import type { z } from 'zod';
import { ContractBroken } from './check.js';
import type { Exchange } from './exchange.js';

/** Status codes, or classes of a hundred such as `4xx`. */
export type Expected = number | '2xx' | '4xx' | '5xx';

/** @param what what was asked, for the sentence */
export const expectStatus = (exchange: Exchange, what: string, ...allowed: readonly Expected[]): void => {
  const fits = allowed.some((one) =>
    typeof one === 'number' ? exchange.status === one : Math.floor(exchange.status / 100) === Number(one[0]),
  );
  if (!fits) throw new ContractBroken(`${what} is answered ${exchange.status} instead of ${allowed.join(' or ')}`, exchange);
};

/** @returns the exchange's body, parsed by `shape` */
export const expectShape = <T>(exchange: Exchange, what: string, shape: z.ZodType<T>): T => {
  if (exchange.body === undefined) throw new ContractBroken(`${what} is not JSON`, exchange);
  const parsed = shape.safeParse(exchange.body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const more = parsed.error.issues.length > 1 ? ` (and ${parsed.error.issues.length - 1} more)` : '';
  throw new ContractBroken(`${what} is wrong at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? ''}${more}`, exchange);
};

/** @throws ContractBroken with `sentence` unless `holds` */
export const expectThat = (holds: boolean, sentence: string, exchange?: Exchange): void => {
  if (!holds) throw new ContractBroken(sentence, exchange);
};
