// Lets connects begin, one after another, for the whole worker.

/**
 * Who a connect is for, in the order in which they go: `pairing` is the first login after a scan, which a phone waits for; `user` was asked
 * for; `reconnect` was connected a moment ago; `resume` belongs to the ramp after a start.
 */
const PRIORITIES = ['pairing', 'user', 'reconnect', 'resume'] as const;
export type ConnectPriority = (typeof PRIORITIES)[number];

/** A connect of which nothing is heard for so long holds nobody up any more. */
export const SETTLE_MS = 45_000;
/** The same for the first sync of a pairing. */
export const FIRST_SYNC_MS = 60_000;
/** Whoever was passed over so often goes next, so that none waits for ever behind others. */
export const PATIENCE = 8;
const LEAST_AT_ONCE = 10;
/** A connect takes a second or two; this many seconds' worth of them may be under way. */
const SECONDS_AT_ONCE = 4;
/** So many seconds in which nobody connected can be made up for. */
const SECONDS_SAVED = 2;

/** Connects that may be under way at once. */
export const connectsAtOnce = (ratePerSecond: number): number => Math.max(LEAST_AT_ONCE, SECONDS_AT_ONCE * ratePerSecond);

/** Connects that may begin at once, beyond the rate, after a while in which nobody wanted any: about the sessions of one runner. */
export const connectsSaved = (ratePerSecond: number): number => SECONDS_SAVED * ratePerSecond;

/** What holds connects back beyond rate and number. */
interface ConnectGate {
  /** No connect before this moment of the throttle's clock. */
  notBefore(): number;
  /** Connects under way, at most. */
  atOnce(): number;
  /** A connect begins now. */
  began(sessionId: string, at: number): void;
}

export interface ThrottleOptions {
  /** Connects begun per second, at most, but for what was saved. */
  ratePerSecond: number;
  /** First syncs at once, at most; unbounded unless given. */
  firstSyncs?: number;
  gate?: ConnectGate;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
}

export interface TurnRequest {
  sessionId: string;
  priority: ConnectPriority;
  /** Takes the request back. */
  signal?: AbortSignal;
}

interface Waiting {
  sessionId: string;
  priority: ConnectPriority;
  begin: () => void;
}

/**
 * Paces every connect of the worker, so that a restart of many sessions is a ramp and no storm. In any `t` seconds at most
 * `ratePerSecond * t + connectsSaved + 1` begin, and of those that resume none beyond the rate.
 */
export class ConnectThrottle {
  readonly #options: ThrottleOptions;
  readonly #intervalMs: number;
  readonly #mostSaved: number;
  readonly #atOnce: number;
  readonly #clock: () => number;
  readonly #waiting: Waiting[] = [];
  /** Sessions whose connect is under way, and until when that counts. */
  readonly #underWay = new Map<string, number>();
  readonly #firstSyncs = new Map<string, number>();
  readonly #passedOver: Record<ConnectPriority, number> = { pairing: 0, user: 0, reconnect: 0, resume: 0 };
  /** From when on the rate allows another one. */
  #nextAt: number;
  /** Connects that the rate allowed and nobody wanted. */
  #saved = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#intervalMs = 1000 / options.ratePerSecond;
    this.#mostSaved = connectsSaved(options.ratePerSecond);
    this.#atOnce = connectsAtOnce(options.ratePerSecond);
    this.#clock = options.clock ?? (() => performance.now());
    // A worker that starts again and again has nothing saved each time.
    this.#nextAt = this.#clock();
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many began and are not settled. */
  get connecting(): number {
    this.#forgetExpired(this.#clock());
    return this.#underWay.size;
  }

  /** Resolves when a connect may begin, which holds a place until it is settled; rejects with the signal's reason. */
  async turn({ sessionId, priority, signal }: TurnRequest): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const withdraw = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(request), 1);
        // The signal's reason is the caller's own error.
        reject(signal?.reason as Error);
        this.look();
      };
      const request: Waiting = {
        sessionId,
        priority,
        begin: () => {
          signal?.removeEventListener('abort', withdraw);
          resolve();
        },
      };
      signal?.addEventListener('abort', withdraw, { once: true });
      if (this.#waiting.length === 0) this.#save(this.#clock());
      this.#waiting.push(request);
      this.look();
    });
  }

  /** Somebody asks for a session that waits already. */
  hurry(sessionId: string): void {
    const at = this.#waiting.findIndex((request) => request.sessionId === sessionId && request.priority !== 'pairing');
    const [request] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (!request) return;
    this.#waiting.push(Object.assign(request, { priority: 'user' }));
    this.look();
  }

  /** The session's connect led to something: a QR code, an open connection, a close. */
  settled(sessionId: string): void {
    if (this.#underWay.delete(sessionId)) this.look();
  }

  /** The session's first sync is over, or its connection is. */
  synced(sessionId: string): void {
    if (this.#firstSyncs.delete(sessionId)) this.look();
  }

  /** Whoever waits now, or asks later, waits for ever. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** What was saved is gone: whoever waits goes at the rate. */
  spendSaved(): void {
    this.#saved = 0;
    this.#nextAt = Math.max(this.#nextAt, this.#clock());
  }

  /** Begins what may begin; to be called when the gate has changed. */
  look(): void {
    clearTimeout(this.#timer);
    while (!this.#stopped && this.#waiting.length > 0) {
      const now = this.#clock();
      this.#forgetExpired(now);
      const heads = this.#heads();
      const next = heads.findLast(({ priority }) => this.#passedOver[priority] >= PATIENCE) ?? heads[0];
      // While only pairings wait that may not begin, the end of a first sync is what changes that.
      const at = next ? Math.max(this.#roomAt(), this.#paceAt(next)) : Math.min(...this.#firstSyncs.values());
      if (!next || at > now) {
        this.#timer = setTimeout(() => {
          this.look();
        }, at - now);
        return;
      }
      for (const { priority } of heads) this.#passedOver[priority] = priority === next.priority ? 0 : this.#passedOver[priority] + 1;
      this.#begin(next, now);
    }
  }

  /** When gate and number let the next one begin, whoever it is. */
  #roomAt(): number {
    const { gate } = this.#options;
    const notBefore = gate?.notBefore() ?? Number.NEGATIVE_INFINITY;
    const isFull = this.#underWay.size >= Math.min(this.#atOnce, gate?.atOnce() ?? this.#atOnce);
    // The end of something under way is what changes that.
    return isFull ? Math.max(notBefore, Math.min(...this.#underWay.values())) : notBefore;
  }

  /** A ramp takes its time, so that what is saved is there for those who lose their connection meanwhile. */
  #paceAt({ priority }: Waiting): number {
    return priority !== 'resume' && this.#saved >= 1 ? Number.NEGATIVE_INFINITY : this.#nextAt;
  }

  /** Keeps what the rate allowed until `now`, when nobody has waited for it. */
  #save(now: number): void {
    this.#saved = Math.min(this.#mostSaved, this.#saved + Math.max(0, now - this.#nextAt) / this.#intervalMs);
    this.#nextAt = Math.max(this.#nextAt, now);
  }

  #begin(request: Waiting, now: number): void {
    const { sessionId, priority } = request;
    this.#waiting.splice(this.#waiting.indexOf(request), 1);
    if (this.#nextAt <= now) this.#nextAt = now + this.#intervalMs;
    else this.#saved--;
    this.#underWay.set(sessionId, now + SETTLE_MS);
    if (priority === 'pairing') this.#firstSyncs.set(sessionId, now + FIRST_SYNC_MS);
    this.#options.gate?.began(sessionId, now);
    request.begin();
  }

  /** The first of each kind that may begin, the most urgent kind first. */
  #heads(): Waiting[] {
    return PRIORITIES.flatMap(
      (priority) => this.#waiting.find((request) => request.priority === priority && this.#mayBegin(request)) ?? [],
    );
  }

  #mayBegin({ sessionId, priority }: Waiting): boolean {
    if (priority !== 'pairing' || this.#firstSyncs.has(sessionId)) return true;
    return this.#firstSyncs.size < (this.#options.firstSyncs ?? Number.POSITIVE_INFINITY);
  }

  #forgetExpired(now: number): void {
    for (const [sessionId, until] of this.#underWay) if (until <= now) this.#underWay.delete(sessionId);
    for (const [sessionId, until] of this.#firstSyncs) if (until <= now) this.#firstSyncs.delete(sessionId);
  }
}
