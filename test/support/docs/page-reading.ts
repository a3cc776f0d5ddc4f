import { ERRORS, type ErrorCode } from '../../../shared/errors.js';
import { compare } from './compare.js';
import { storiesOf, type Story } from './examples.js';
import type { ReadersShell } from './shell.js';

interface PageOptions {
  shell: ReadersShell;
  /** What pages call something, and what it is called here: from the answers so far. */
  names: Map<string, string>;
  /** Commands that are left to other tests. */
  isLeftOut: (command: string) => boolean;
  /** Fields that are there only at times. */
  atTimes: ReadonlySet<string>;
}

type Json = Record<string, unknown>;

/** A command and what it was answered, if that was an object. */
interface Asked {
  command: string;
  answer: Json;
}

/** Work between two commands: before the first one that has this text in it. */
export type Meanwhile = Readonly<Record<string, () => Promise<void>>>;

const STREAM = /^curl -sN /;
const ONE_EVENT = /^data: (.*)\n\n/m;

/** Pastes the commands of a page one after the other, and notes what is not as the page says. */
export class PageReading {
  readonly #options: PageOptions;
  readonly stories: readonly Story[];
  readonly #asked: Asked[] = [];
  /** Answers that are shown and did not come yet, with what came instead. */
  readonly #open = new Map<Json, string>();
  readonly #problems: string[] = [];

  constructor(page: string, options: PageOptions) {
    this.#options = options;
    this.stories = storiesOf(page);
  }

  /** `data` of the last answer to a command with this text in it. */
  last(part: string): Json {
    return (this.#asked.findLast(({ command }) => command.includes(part))?.answer['data'] ?? {}) as Json;
  }

  async read(meanwhile: Meanwhile): Promise<void> {
    const left = new Map(Object.entries(meanwhile));
    for (const { commands, answers, texts } of this.stories) {
      const asked: Asked[] = [];
      for (const command of commands.filter((one) => !this.#options.isLeftOut(one))) {
        for (const [part, act] of left) {
          if (!command.includes(part)) continue;
          left.delete(part);
          await act();
        }
        if (STREAM.test(command)) await this.#listen(command, texts);
        else asked.push(...(await this.#ask(command)));
      }
      this.#settle(answers, asked);
    }
    this.#problems.push(...[...left.keys()].map((part) => `no command has ${part}`));
  }

  /** Asks for what the page only shows the answer to, or tells how to ask for. */
  async also(command: string): Promise<void> {
    const shown = [...this.#open.keys()];
    this.#open.clear();
    this.#settle(shown, await this.#ask(command));
  }

  /** What is not as the page says, as sentences. @param isElsewhere of an answer that is shown: it is left to other tests */
  problems(isElsewhere: (shown: string) => boolean): string[] {
    const missing = [...this.#open].filter(([shown]) => !isElsewhere(JSON.stringify(shown)));
    return [...this.#problems, ...missing.map(([shown, instead]) => `nothing was answered like ${JSON.stringify(shown)}: ${instead}`)];
  }

  /** What is shown should have come, or comes later; what came and is not shown must at least be no failure. */
  #settle(shown: readonly Json[], asked: readonly Asked[]): void {
    const met = new Set<Asked>();
    for (const answer of shown) {
      const tries = asked.map((one) => ({ one, ...compare(answer, one.answer, this.#options.atTimes) }));
      const fit = tries.find(({ difference }) => difference === undefined);
      if (!fit) {
        this.#open.set(answer, tries.map(({ difference }) => difference).join('; ') || 'nothing was asked');
        continue;
      }
      met.add(fit.one);
      for (const [name, here] of fit.names) this.#options.names.set(name, here);
    }
    for (const one of asked)
      if (!met.has(one) && one.answer['success'] === false)
        this.#problems.push(`${one.command} was answered ${JSON.stringify(one.answer)}`);
  }

  async #ask(command: string): Promise<Asked[]> {
    const { status, contentType, body } = await this.#options.shell.run(this.#named(command));
    const answer = contentType.startsWith('application/json') ? (JSON.parse(body) as Json) : undefined;
    const expected = statusOf(answer);
    if (status !== expected) this.#problems.push(`${command} has status ${status}, not ${expected}: ${body}`);
    if (!answer) return [];
    const asked = { command, answer };
    this.#asked.push(asked);
    return [asked];
  }

  /** A stream begins as the first text that is shown does, and its first event has the number after the one that is asked for. */
  async #listen(command: string, [shown = '']: readonly string[]): Promise<void> {
    const printed = await this.#options.shell.runUntil(this.#named(command), ONE_EVENT);
    const after = Number(/after=(\d+)/.exec(command)?.[1]);
    const [first = ''] = shown.split('\n');
    const { seq } = JSON.parse(ONE_EVENT.exec(printed)?.[1] ?? '{}') as { seq?: number };
    if (!printed.startsWith(`${first}\n\nid: ${after + 1}\ndata: {`) || seq !== after + 1)
      this.#problems.push(`${command} printed ${printed}, not like ${shown}`);
  }

  #named(command: string): string {
    return [...this.#options.names].reduce((text, [shown, here]) => text.replaceAll(shown, here), command);
  }
}

const statusOf = (answer: Json | undefined): number => {
  if (answer?.['success'] === false) return ERRORS[answer['code'] as ErrorCode].status;
  return (answer?.['data'] as Json | undefined)?.['status'] === 'queued' ? 202 : 200;
};
