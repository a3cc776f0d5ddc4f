/** What a run waits for. */
const STEPS = ['answers', 'phase', 'restart', 'settling', 'verification'] as const;
type Step = (typeof STEPS)[number];

/** Milliseconds each step took: where to look when a run is slow. */
export class Spent {
  readonly #milliseconds = new Map<Step, number>(STEPS.map((step) => [step, 0]));

  async on<T>(step: Step, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.#add(step, performance.now() - startedAt);
    }
  }

  /** The times of several scenes together. */
  static sum(all: readonly Spent[]): Spent {
    const sum = new Spent();
    for (const { steps } of all) for (const [step, milliseconds] of steps) sum.#add(step, milliseconds);
    return sum;
  }

  get steps(): [Step, number][] {
    return [...this.#milliseconds];
  }

  #add(step: Step, milliseconds: number): void {
    this.#milliseconds.set(step, (this.#milliseconds.get(step) ?? 0) + milliseconds);
  }
}
