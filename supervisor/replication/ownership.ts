// Which data folder speaks for this worker in the object store. A second one that starts from the bucket takes over; the first must stop.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { KEYS } from '../../shared/object-store/keys.js';
import { ObjectStoreError, type ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError, openJson, sealJson } from '../../shared/store/sealed-json.js';
import type { Owner } from './progress.js';

/** Another data folder owns this worker's objects; this one must not connect or write. */
export class SupersededError extends Error {
  constructor(workerId: string) {
    super(
      `Another data folder took over the sessions of worker ${workerId} in the object store. This one is older and must not be used: ` +
        'move it away and start with an empty one, which restores the sessions, or give this worker another WORKER_ID.',
    );
    this.name = 'SupersededError';
  }
}

const OwnerObject = z.object({
  workerId: z.string(),
  dataDirId: z.string(),
  term: z.number().int(),
  /** Journal objects of earlier terms with higher numbers came too late and do not count. */
  after: z.number().int(),
  at: z.string(),
});

export interface Standing {
  owner: Owner;
  after: number;
  etag: string;
}

export class Ownership {
  readonly #objects: ObjectStore;
  readonly #workerId: string;

  constructor(objects: ObjectStore, workerId: string) {
    this.#objects = objects;
    this.#workerId = workerId;
  }

  /** Who owns the worker's objects now. @throws ObjectStoreError, DamagedError */
  async standing(): Promise<Standing | undefined> {
    const object = await this.#objects.get(KEYS.owner(this.#workerId));
    if (!object) return undefined;
    const parsed = OwnerObject.safeParse(openJson(object.body.toString()));
    if (!parsed.success) throw new DamagedError(`${KEYS.owner(this.#workerId)} has another shape`, { cause: parsed.error });
    const { dataDirId, term, after } = parsed.data;
    return { owner: { dataDirId, term }, after, etag: object.etag };
  }

  /**
   * Makes a new data folder the owner, in place of `before`.
   * @param lastTerm highest term there is
   * @param after number of the last journal object that counts
   * @throws SupersededError when somebody else was quicker
   */
  async take(before: Standing | undefined, lastTerm: number, after: number): Promise<Owner> {
    return this.#put({ dataDirId: randomUUID(), term: lastTerm + 1 }, before, after);
  }

  /** Says again who the owner is, where nobody is. @throws SupersededError when somebody else was quicker */
  async repeat(owner: Owner, after: number): Promise<void> {
    await this.#put(owner, undefined, after);
  }

  async #put(owner: Owner, before: Standing | undefined, after: number): Promise<Owner> {
    const object: z.infer<typeof OwnerObject> = { workerId: this.#workerId, ...owner, after, at: new Date().toISOString() };
    const body = Buffer.from(sealJson(object));
    try {
      await this.#objects.put(KEYS.owner(this.#workerId), body, before ? { ifMatch: before.etag } : { ifAbsent: true });
      return owner;
    } catch (error) {
      // A put whose answer was lost may have landed, and then its own repetition finds it.
      const now = error instanceof ObjectStoreError && error.kind === 'precondition' ? await this.standing() : undefined;
      if (now?.owner.dataDirId === owner.dataDirId) return owner;
      throw error instanceof ObjectStoreError && error.kind === 'precondition' ? new SupersededError(this.#workerId) : error;
    }
  }

  /** @returns false when nobody is the owner: the bucket was emptied, or is another one @throws SupersededError when another is */
  async confirm(owner: Owner): Promise<boolean> {
    const now = await this.standing();
    if (now && now.owner.dataDirId !== owner.dataDirId) throw new SupersededError(this.#workerId);
    return now !== undefined;
  }
}
