// What a process takes of its machine, measured from one look to the next.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** Bytes and milliseconds; `cpuPercent` is of one core. */
export interface Figures {
  rssBytes: number;
  /** Of that, what no file holds; all of it where the system does not say. */
  anonymousBytes: number;
  heapUsedBytes: number;
  /** What the heap may grow to. */
  heapLimitBytes: number;
  cpuPercent: number;
  eventLoopDelayP99Ms: number;
}

/** Of the histogram's own timer, which the delays contain. */
const RESOLUTION_MS = 20;

export class ProcessFigures {
  readonly #eventLoop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #heapLimitBytes = getHeapStatistics().heap_size_limit;
  #cpu = process.cpuUsage();
  #at = performance.now();

  constructor() {
    this.#eventLoop.enable();
  }

  /** CPU and delay are those since the last call. */
  take(): Figures {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage(this.#cpu);
    const now = performance.now();
    const cpuPercent = (user + system) / 10 / Math.max(1, now - this.#at);
    this.#cpu = process.cpuUsage();
    this.#at = now;
    const eventLoopDelayP99Ms = Math.max(0, this.#eventLoop.percentile(99) / 1e6 - RESOLUTION_MS);
    this.#eventLoop.reset();
    return {
      rssBytes: rss,
      anonymousBytes: anonymousBytes() ?? rss,
      heapUsedBytes: heapUsed,
      heapLimitBytes: this.#heapLimitBytes,
      cpuPercent: toTenths(cpuPercent),
      eventLoopDelayP99Ms: toTenths(eventLoopDelayP99Ms),
    };
  }

  stop(): void {
    this.#eventLoop.disable();
  }
}

/** @param file of the kernel about this process; undefined where there is none that says it */
export const anonymousBytes = (file = '/proc/self/status'): number | undefined => {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(file, 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch {
    // Another system than Linux, or one that hides it.
    return undefined;
  }
};

const toTenths = (value: number): number => Math.round(value * 10) / 10;
