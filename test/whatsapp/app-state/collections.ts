import { proto } from '@whiskeysockets/baileys';

/** The patches of one collection of an account, as the server keeps them without being able to read them. The version is their number. */
export class Collections {
  readonly #patches: Map<string, Buffer[]>;

  constructor(saved: Iterable<readonly [string, readonly Buffer[]]> = []) {
    this.#patches = new Map([...saved].map(([name, patches]) => [name, [...patches]]));
  }

  version(name: string): number {
    return this.#patches.get(name)?.length ?? 0;
  }

  /** Adds a patch made on top of that version; false when others came first, or the bytes are no patch. */
  add(name: string, base: number, bytes: Uint8Array): boolean {
    if (base !== this.version(name)) return false;
    const patch = decoded(bytes);
    if (!patch) return false;
    patch.version = { version: base + 1 };
    const patches = this.#patches.get(name) ?? [];
    patches.push(Buffer.from(proto.SyncdPatch.encode(patch).finish()));
    this.#patches.set(name, patches);
    return true;
  }

  /** The patches that followed a version, oldest first. */
  since(name: string, version: number): readonly Buffer[] {
    return (this.#patches.get(name) ?? []).slice(version);
  }

  entries(): [string, Buffer[]][] {
    return [...this.#patches];
  }
}

function decoded(bytes: Uint8Array): proto.SyncdPatch | undefined {
  try {
    return proto.SyncdPatch.decode(bytes);
  } catch {
    return undefined;
  }
}
