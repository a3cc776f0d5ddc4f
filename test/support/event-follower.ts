import { readEventStream, type EventConsumer, type SeenEvent } from './event-consumer.js';
import type { Scene } from './scene.js';
import { until } from './worker-process.js';

/** Events after which a consumer that follows is killed. */
const EVENTS_OF_A_LIFE = 40;
const RETRY_MS = 100;

/** A consumer as a program would write it: it remembers what it has got, and goes on from there. */
export class EventFollower {
  readonly #scene: Pick<Scene, 'worker'>;
  readonly sessionId: string;
  readonly seen: SeenEvent[] = [];
  #hear: () => void = () => undefined;
  /** Why it could not connect the last time. */
  #trouble = '';

  constructor(of: Pick<Scene, 'worker'>, sessionId: string) {
    this.#scene = of;
    this.sessionId = sessionId;
  }

  get last(): number {
    return this.seen.at(-1)?.seq ?? 0;
  }

  async connect(): Promise<EventConsumer> {
    const url = `${this.#scene.worker.baseUrl}/session/${this.sessionId}/events?after=0`;
    const headers = this.last > 0 ? { 'Last-Event-ID': String(this.last) } : {};
    return readEventStream(url, headers, (event) => {
      this.seen.push(event);
      this.#hear();
    });
  }

  /** Connects, takes at least `count` events more, and is killed. A worker that is away or goes away does not count. */
  async take(count: number): Promise<void> {
    const goal = this.seen.length + count;
    await until(
      async () => {
        await this.#live(() => this.seen.length >= goal);
        return this.seen.length >= goal;
      },
      120_000,
      () => `no event follows ${this.last} ${this.#trouble}`,
    );
  }

  /** Takes what comes until `over`, killed and begun again every now and then. */
  async follow(over: AbortSignal): Promise<void> {
    over.addEventListener('abort', () => {
      this.#hear();
    });
    while (!over.aborted) {
      const goal = this.seen.length + EVENTS_OF_A_LIFE;
      const connected = await this.#live(() => over.aborted || this.seen.length >= goal);
      if (!connected) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Resolves when everything up to number `seq` is here, while it follows. */
  async untilSeen(seq: number, timeoutMs: number): Promise<void> {
    await until(
      () => this.last >= seq,
      timeoutMs,
      () => `${this.sessionId} was told no event after ${this.last}, and there are ${seq} ${this.#trouble}`,
    );
  }

  /** One life: until it has enough, or the stream ends. @returns whether it could connect */
  async #live(hasEnough: () => boolean): Promise<boolean> {
    const consumer = await this.connect().catch((error: unknown) => {
      this.#trouble = `(${String(error)})`;
      return undefined;
    });
    if (!consumer) return false;
    const enough = new Promise<void>((resolve) => {
      this.#hear = () => {
        if (hasEnough()) resolve();
      };
      this.#hear();
    });
    await Promise.race([enough, consumer.ended]);
    consumer.cut();
    await consumer.ended;
    return true;
  }
}
