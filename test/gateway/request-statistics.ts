/** Counts of requests by kind and by the HTTP status they were answered with. */
export class RequestStatistics {
  readonly #since: number;
  readonly #counts = new Map<string, Map<number, number>>();

  constructor(since: number) {
    this.#since = since;
  }

  count(kind: string, status: number): void {
    const byStatus = this.#counts.get(kind) ?? new Map<number, number>();
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    this.#counts.set(kind, byStatus);
  }

  /** `{since, total, requests: {<kind>: {<status>: count}}}` */
  json(): Record<string, unknown> {
    const requests = Object.fromEntries([...this.#counts].map(([kind, byStatus]) => [kind, Object.fromEntries(byStatus)]));
    const total = [...this.#counts.values()].flatMap((byStatus) => [...byStatus.values()]).reduce((sum, count) => sum + count, 0);
    return { since: new Date(this.#since).toISOString(), total, requests };
  }
}
