import { backoffDelay } from '../../shared/backoff.js';
import type { SessionSettings } from '../../shared/domain/session-settings.js';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import { Breaker } from '../delivery/breaker.js';
import type { DeadLetters } from '../delivery/dead-letters.js';
import type { Registry } from '../placement/registry.js';
import type { SettingsChange } from '../settings/settings.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';
import type { DeadWebhook } from './dead-webhook.js';
import { webhookHeaders, webhookId } from './sign-webhook.js';
import type { WebhookClient } from './webhook-client.js';
import type { NextEvent, WebhookLog } from './webhook-log.js';
import { isTold, targetOf, type WebhookTarget, type WorkerWebhook } from './webhook-target.js';
import { webhookVerdict, type WebhookVerdict } from './webhook-verdict.js';

export interface WebhooksOptions {
  store: Store;
  registry: Pick<Registry, 'find' | 'rows'>;
  settingsOf: (sessionId: string) => SessionSettings;
  worker: WorkerWebhook | undefined;
  workerId: string;
  log: WebhookLog;
  client: Pick<WebhookClient, 'post' | 'close'>;
  dead: DeadLetters<DeadWebhook>;
  json: (sessionId: string, event: NextEvent) => unknown;
  logger: Logger;
  parallel?: number;
  /** Between the tries of one event. */
  pause?: { baseMs: number; maxMs: number };
}

/** What is under way or goes wrong for one session; one without is at rest. */
interface Lane {
  sessionId: string;
  busy: boolean;
  /** Something may have happened since it was looked what is next. */
  woken: boolean;
  /** It tries for all others of its host. */
  probes: boolean;
  /** Tries of the event that is next, in a row. */
  failures: number;
  refusals: number;
  dueAt: number;
  timer: NodeJS.Timeout | undefined;
}

const PARALLEL = 16;
/** Where some events are passed over. */
const READ_AT_ONCE = 20;
const PAUSE = { baseMs: 500, maxMs: 5 * 60_000 };

/**
 * Tells consumers what happens to sessions: read from their logs, in order and one at a time of a session, at least once. How far a consumer is
 * lies in the store, so nothing is queued here and a crash costs a repetition at most.
 */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #breakers = new Map<string, { breaker: Breaker; probing: boolean; timer?: NodeJS.Timeout | undefined }>();
  readonly #running = new Set<Promise<void>>();
  #state: 'idle' | 'running' | 'stopped' = 'idle';

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** What to commit together with a change of settings, or with a new session, of which everything is told. */
  along({ sessionId, before, after, isNew }: SettingsChange): Write[] {
    const { log, worker } = this.#options;
    const target = targetOf(after, worker);
    if (isNew) return target ? [log.acknowledge(sessionId, 0)] : [];
    if (!target) return targetOf(before, worker) ? [log.acknowledge(sessionId, undefined)] : [];
    return log.acknowledged(sessionId) === undefined ? [log.begin(sessionId)] : [];
  }

  /** The sessions are known: goes on where an earlier run ended; of a session that had no webhook then, with what follows. */
  async start(): Promise<void> {
    const { store, registry, log } = this.#options;
    const wanted = registry.rows().filter(({ sessionId, deleting }) => !deleting && this.#targetOf(sessionId));
    const ids = new Set(wanted.map(({ sessionId }) => sessionId));
    await store.commit([
      ...[...ids].filter((sessionId) => log.acknowledged(sessionId) === undefined).map((sessionId) => log.begin(sessionId)),
      ...log.sessions().flatMap((sessionId) => (ids.has(sessionId) ? [] : [log.acknowledge(sessionId, undefined)])),
    ]);
    this.#state = 'running';
    for (const sessionId of ids) this.wake(sessionId);
  }

  /** There may be something to tell of the session. */
  wake(sessionId: string): void {
    if (this.#state !== 'running' || !this.#targetOf(sessionId)) return;
    const lane = this.#lanes.get(sessionId) ?? newLane(sessionId);
    lane.woken = true;
    this.#lanes.set(sessionId, lane);
    this.#pump();
  }

  /** The session is told of at once, although a try failed: its webhook is another one, or somebody asked. */
  hurry(sessionId: string): void {
    const lane = this.#lanes.get(sessionId);
    if (lane) resume(lane);
    this.wake(sessionId);
  }

  /** Tells dead ones again, all of them without `ids`. @returns how many */
  async replay(ids?: readonly number[]): Promise<number> {
    const { store, registry, dead } = this.#options;
    const found = (ids ? [...new Set(ids)].flatMap((id) => dead.find(id) ?? []) : [...dead.all()]).filter(
      ({ sessionId, createdAt }) => registry.find(sessionId)?.createdAt === createdAt && this.#targetOf(sessionId),
    );
    await store.commit(
      found.flatMap((letter) => [
        ...dead.unbury(letter.id),
        { table: TABLES.webhookReplays, key: [letter.sessionId, letter.seq], value: letter },
      ]),
    );
    for (const sessionId of new Set(found.map((letter) => letter.sessionId))) this.hurry(sessionId);
    return found.length;
  }

  /** Waits for what is under way, then tells nothing any more. */
  async stop(withinMs: number): Promise<void> {
    this.#state = 'stopped';
    for (const { timer } of this.#lanes.values()) clearTimeout(timer);
    for (const { timer } of this.#breakers.values()) clearTimeout(timer);
    const close = setTimeout(() => {
      this.#options.client.close();
    }, withinMs);
    await Promise.all(this.#running);
    clearTimeout(close);
    this.#options.client.close();
  }

  #targetOf(sessionId: string): WebhookTarget | undefined {
    return targetOf(this.#options.settingsOf(sessionId), this.#options.worker);
  }

  /** Nothing may be written about a session that is gone, or has no webhook any more. */
  #isTold(sessionId: string, createdAt: number): boolean {
    const row = this.#options.registry.find(sessionId);
    return row?.deleting === false && row.createdAt === createdAt && this.#targetOf(sessionId) !== undefined;
  }

  #pump(): void {
    if (this.#state !== 'running') return;
    for (const lane of this.#lanes.values()) {
      if (this.#running.size >= (this.#options.parallel ?? PARALLEL)) return;
      const target = this.#targetOf(lane.sessionId);
      if (lane.busy || lane.dueAt > performance.now()) continue;
      if (!target) this.#lanes.delete(lane.sessionId);
      else if (this.#mayCall(lane, target)) this.#begin(lane, target);
    }
  }

  /** While a host fails for several sessions, one of them tries for all. */
  #mayCall(lane: Lane, { url }: WebhookTarget): boolean {
    const host = this.#breakers.get(new URL(url).host);
    if (!host?.breaker.cause) return true;
    if (host.probing) return false;
    const waitMs = host.breaker.waitMs(performance.now());
    if (waitMs === 0) return (host.probing = lane.probes = true);
    host.timer ??= setTimeout(() => {
      host.timer = undefined;
      this.#pump();
    }, waitMs);
    return false;
  }

  #begin(lane: Lane, target: WebhookTarget): void {
    lane.busy = true;
    // Behind the others, so that each has its turn.
    this.#lanes.delete(lane.sessionId);
    this.#lanes.set(lane.sessionId, lane);
    const work = this.#tellNext(lane, target)
      .catch((error: unknown) => {
        this.#options.logger.warn({ sessionId: lane.sessionId, cause: messageOf(error) }, 'a webhook could not be sent; trying again');
        this.#pause(lane, 0);
      })
      .finally(() => {
        lane.busy = false;
        this.#running.delete(work);
        const host = lane.probes ? this.#breakers.get(new URL(target.url).host) : undefined;
        if (host) host.probing = false;
        lane.probes = false;
        this.#pump();
      });
    this.#running.add(work);
  }

  /** One event, or none when there is nothing to tell. */
  async #tellNext(lane: Lane, target: WebhookTarget): Promise<void> {
    const { registry, store, log } = this.#options;
    const { sessionId } = lane;
    lane.woken = false;
    const session = registry.find(sessionId);
    const after = log.acknowledged(sessionId);
    if (!session || session.deleting || after === undefined) return this.#rest(lane);
    const [replay] = store.range<DeadWebhook>(TABLES.webhookReplays, { prefix: [sessionId], limit: 1 });
    if (replay) {
      const done = { table: TABLES.webhookReplays, key: replay.key, value: undefined };
      const event = await log.again(session, replay.value.seq);
      if (event) return this.#tell(lane, { target, event, done, createdAt: session.createdAt });
      this.#options.logger.warn({ sessionId, seq: replay.value.seq }, 'an event that is no longer kept cannot be told again');
      return store.commit([done]);
    }
    const event = await this.#firstTold(session, after, target);
    if (!event) return this.#rest(lane);
    return this.#tell(lane, { target, event, done: log.acknowledge(sessionId, event.seq), createdAt: session.createdAt });
  }

  /** What is next to be told; what is not told before it is passed over for good. */
  async #firstTold(session: SessionOfLane, after: number, target: WebhookTarget): Promise<NextEvent | undefined> {
    const { store, log } = this.#options;
    const { sessionId, createdAt } = session;
    for (let from = after; ;) {
      const events = await log.next(session, from, target.events ? READ_AT_ONCE : 1);
      const told = events.find(({ type }) => type === 'gone' || isTold(target, type));
      const passed = told ? events[events.indexOf(told) - 1] : events.at(-1);
      if (!passed) return told;
      if (this.#isTold(sessionId, createdAt)) await store.commit([log.acknowledge(sessionId, passed.seq)]);
      if (told) return told;
      from = passed.seq;
    }
  }

  async #tell(
    lane: Lane,
    { target, event, done, createdAt }: { target: WebhookTarget; event: NextEvent; done: Write; createdAt: number },
  ): Promise<void> {
    const { workerId, client, json, store } = this.#options;
    const { sessionId } = lane;
    const body = JSON.stringify(json(sessionId, event));
    const id = webhookId(workerId, sessionId, createdAt, `${event.type === 'gone' ? 'gone ' : ''}${event.seq}`);
    const headers = webhookHeaders(id, Math.floor(Date.now() / 1000), body, target.secret);
    const answer = await client.post({ url: target.url, trusted: target.trusted, headers, body });
    // Told again after the next start, under the same id.
    if (this.#state !== 'running' && 'failure' in answer) return;
    const age = 'at' in event ? Date.now() - event.at : 0;
    const verdict = webhookVerdict({ answer, refusals: lane.refusals + 1, age });
    this.#note(lane, target, verdict);
    if (verdict.is === 'retry') return this.#pause(lane, verdict.atLeastMs);
    const burial = verdict.is === 'dead' ? this.#bury({ sessionId, createdAt, seq: event.seq, type: event.type }, verdict) : [];
    if (this.#isTold(sessionId, createdAt)) await store.commit([done, ...burial]);
    Object.assign(lane, { failures: 0, refusals: 0 });
  }

  #note(lane: Lane, { url }: WebhookTarget, verdict: WebhookVerdict): void {
    const { logger } = this.#options;
    const { host } = new URL(url);
    const now = performance.now();
    const known = this.#breakers.get(host);
    if (verdict.is !== 'retry' || verdict.isRefusal) {
      if (verdict.is === 'retry') lane.refusals++;
      clearTimeout(known?.timer);
      this.#breakers.delete(host);
      if (!known?.breaker.cause) return;
      logger.info({ host }, 'a consumer of webhooks answers again');
      for (const other of this.#lanes.values()) resume(other);
      return;
    }
    const { breaker } = known ?? this.#watch(host);
    if (breaker.cause) breaker.retryLater(verdict.sentence, now, Math.random(), verdict.atLeastMs);
    else if (breaker.failure(lane.sessionId, verdict.sentence, now, Math.random())) {
      logger.warn({ host, sentence: verdict.sentence }, 'a consumer of webhooks does not take what it is told, which waits');
    }
  }

  #watch(host: string): { breaker: Breaker; probing: boolean } {
    const watched = { breaker: new Breaker(), probing: false };
    this.#breakers.set(host, watched);
    return watched;
  }

  #bury(
    event: Pick<DeadWebhook, 'sessionId' | 'createdAt' | 'seq' | 'type'>,
    { status, sentence }: WebhookVerdict & { is: 'dead' },
  ): Write[] {
    const { dead, logger } = this.#options;
    logger.warn(
      { sessionId: event.sessionId, seq: event.seq, status, sentence },
      'an event was refused by the consumer of webhooks for good',
    );
    return dead.bury({ ...event, status, sentence, diedAt: Date.now() }).writes;
  }

  #pause(lane: Lane, atLeastMs: number): void {
    const ms = Math.max(atLeastMs, backoffDelay(lane.failures++, this.#options.pause ?? PAUSE, Math.random()));
    lane.dueAt = performance.now() + ms;
    clearTimeout(lane.timer);
    if (this.#state !== 'running') return;
    lane.timer = setTimeout(() => {
      lane.dueAt = 0;
      this.#pump();
    }, ms);
  }

  #rest({ sessionId, woken }: Lane): void {
    if (!woken) this.#lanes.delete(sessionId);
  }
}

type SessionOfLane = Pick<SessionRow, 'sessionId' | 'createdAt'>;

const newLane = (sessionId: string): Lane => ({
  ...{ sessionId, busy: false, woken: true, probes: false },
  ...{ failures: 0, refusals: 0, dueAt: 0, timer: undefined },
});

const resume = (lane: Lane): void => {
  clearTimeout(lane.timer);
  lane.timer = undefined;
  lane.dueAt = 0;
};
