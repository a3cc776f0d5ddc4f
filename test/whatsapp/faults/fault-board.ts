import type { Stats } from '../record/stats.js';
import type { Stanza } from '../wire/stanza.js';
import { faultSchema, type Fault, type FaultInput, type FaultKind, type FaultOf, type StandingFault } from './fault.js';
import { matchesStanza, targets, type Subject } from './matching.js';

interface Entry {
  readonly id: number;
  readonly fault: Fault;
  hits: number;
}

/** The faults in force. A fault with a count clears itself when it has struck that often. */
export class FaultBoard {
  readonly #entries = new Map<number, Entry>();
  readonly #stats: Stats;
  #lastId = 0;
  /** Called after any change, so that freezing reaches connections already open. */
  onChange: () => void = () => undefined;

  constructor(stats: Stats) {
    this.#stats = stats;
  }

  /** Puts a fault in force and gives its id. Throws a ZodError for what is no fault. */
  add(input: FaultInput): StandingFault {
    const entry: Entry = { id: ++this.#lastId, fault: faultSchema.parse(input), hits: 0 };
    this.#entries.set(entry.id, entry);
    this.onChange();
    return { ...entry.fault, id: entry.id, hits: 0 };
  }

  list(): StandingFault[] {
    return [...this.#entries.values()].map(({ id, fault, hits }) => ({ ...fault, id, hits }));
  }

  /** Clears one fault, or all; false when there is none of that id. */
  clear(id?: number): boolean {
    const known = id === undefined || this.#entries.delete(id);
    if (id === undefined) this.#entries.clear();
    this.onChange();
    return known;
  }

  /** The fault that strikes now, if any; counts the strike. */
  strike<Kind extends FaultKind>(kind: Kind, applies: (fault: FaultOf<Kind>) => boolean = () => true): FaultOf<Kind> | undefined {
    for (const entry of this.#entries.values()) {
      if (!isKind(entry.fault, kind) || !applies(entry.fault)) continue;
      entry.hits += 1;
      this.#stats.count('faults', kind);
      if ('count' in entry.fault && entry.hits === entry.fault.count) this.#entries.delete(entry.id);
      return entry.fault;
    }
    return undefined;
  }

  /** The fault that strikes this stanza, if any. */
  strikeStanza(direction: 'in' | 'out', node: Stanza, subject: Subject): FaultOf<'stanza'> | undefined {
    if (this.#entries.size === 0) return undefined;
    return this.strike(
      'stanza',
      (fault) => fault.direction === direction && targets(fault.target, subject) && matchesStanza(fault.match, node),
    );
  }

  /** Whether a connection is to stand still. */
  freezes(subject: Subject): boolean {
    return [...this.#entries.values()].some(({ fault }) => fault.kind === 'freeze' && targets(fault.target, subject));
  }
}

function isKind<Kind extends FaultKind>(fault: Fault, kind: Kind): fault is FaultOf<Kind> {
  return fault.kind === kind;
}
