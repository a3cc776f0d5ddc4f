import type { Exchange } from './exchange.js';

/** What an operator can give beyond the target's address. */
export type Given = 'token' | 'session' | 'listen' | 'admin';

export const HOW_TO_GIVE: Readonly<Record<Given, string>> = {
  token: '--token',
  session: '--session and --to of a connected session',
  listen: "--listen, with the worker's BACKEND_URL pointing there",
  admin: '--admin or --jwt',
};

/** One sentence of the contract and how to try it. */
export interface Check<Context> {
  id: string;
  /** Heading of the guide that it comes from, or its subject in the other dialect. */
  section: string;
  /** The sentence. */
  title: string;
  requires?: readonly Given[];
  /** Checks without which this one says nothing; it is skipped unless they hold. */
  after?: readonly string[];
  /** Longest run; the runner's own limit unless given. */
  timeoutMs?: number;
  /** Resolves when the sentence holds. @throws ContractBroken when it does not, CheckSkipped when it cannot be told */
  run(context: Context): Promise<void>;
}

export interface CheckResult {
  id: string;
  section: string;
  title: string;
  outcome: 'holds' | 'fails' | 'skipped';
  /** What differs, or why it was skipped. */
  reason?: string;
  /** The exchange that shows it. */
  exchange?: Exchange;
}

/** The target does not do what the check's sentence says. */
export class ContractBroken extends Error {
  constructor(
    message: string,
    readonly exchange?: Exchange,
  ) {
    super(message);
    this.name = 'ContractBroken';
  }
}

/** The check cannot tell, for a reason worth saying aloud. */
export class CheckSkipped extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CheckSkipped';
  }
}
