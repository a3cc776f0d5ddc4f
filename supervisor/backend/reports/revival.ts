import type { DeadLetters } from '../../delivery/dead-letters.js';
import type { DeadReport, Report } from '../report.js';
import type { Lane } from './lane.js';
import type { Outbox } from './outbox.js';
import type { SureCommits } from './sure-commits.js';

export interface RevivalOptions {
  outbox: Outbox;
  dead: DeadLetters<DeadReport>;
  commits: SureCommits;
  /** Whether there is such a session, which is not being deleted. */
  exists: (sessionId: string) => boolean;
  wake: (sessionId: string) => void;
}

/** Brings dead reports back into the outbox. */
export class Revival {
  readonly #options: RevivalOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RevivalOptions) {
    this.#options = options;
  }

  /**
   * @param ids undefined for all
   * @param toAdd what goes into the outbox for the dead ones of one session, ascending
   * @returns how many were dead
   */
  async revive(ids: readonly number[] | undefined, toAdd: (reports: Report[], lane: Lane) => Report[]): Promise<number> {
    // One after the other: the second must not find what the first is about to take.
    const turn = this.#turn.then(async () => this.#revive(ids, toAdd));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #revive(ids: readonly number[] | undefined, toAdd: (reports: Report[], lane: Lane) => Report[]): Promise<number> {
    const { outbox, dead, commits, exists, wake } = this.#options;
    const found = ids ? [...new Set(ids)].flatMap((id) => dead.find(id) ?? []) : [...dead.all()];
    const bySession = new Map<string, DeadReport[]>();
    for (const one of found) bySession.set(one.report.sessionId, [...(bySession.get(one.report.sessionId) ?? []), one]);
    let revived = 0;
    for (const [sessionId, all] of bySession) {
      if (!exists(sessionId)) continue;
      const lane = outbox.lane(sessionId);
      const change = outbox.add(lane, toAdd(all.map(({ report }) => report).sort(bySeq), lane));
      const writes = [...change.writes, ...all.flatMap(({ id }) => dead.unbury(id))];
      const committed = await commits.commit(writes, () => exists(sessionId) && outbox.find(sessionId) === lane);
      change.ended(committed);
      if (commits.isStopped) return revived;
      if (!committed) continue;
      revived += all.length;
      wake(sessionId);
    }
    return revived;
  }
}

const bySeq = (a: Report, b: Report): number => a.seq - b.seq;
