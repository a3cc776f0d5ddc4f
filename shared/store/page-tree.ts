// The trees of pages in LMDB's file, as far as needed to see that nothing refers to a page that is not there.
import { readSync } from 'node:fs';

interface Tree {
  root: bigint;
  /** Number of pages it says it has. */
  pages: number;
}

export interface Extent {
  pageSize: number;
  lastPage: number;
  /** The tree of free pages, and the one of tables. */
  free: Tree;
  main: Tree;
}

const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const HEADER_BYTES = 24;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
/** Nodes whose value is on pages of its own, or is a table. */
const BIG_VALUE = 0x01;
const TABLE = 0x02;
const META_PAGES = 2;

interface Node {
  flags: number;
  /** Of a branch: the page it leads to. */
  child: bigint;
  /** Of a leaf: where the value stands in the page. */
  value: number;
}

export class PageTree {
  readonly #file: number;
  readonly #extent: Extent;
  readonly #pages: number;

  /** @param pages number of pages in the file */
  constructor(file: number, extent: Extent, pages: number) {
    this.#file = file;
    this.#extent = extent;
    this.#pages = pages;
  }

  /** Follows every reference; undefined when each leads to a page of its kind. */
  problem(): string | undefined {
    try {
      let seen = 0;
      const left = [this.#extent.free.root, this.#extent.main.root];
      for (let number = left.pop(); number !== undefined; number = left.pop()) {
        if (number === NO_PAGE) continue;
        if (++seen > this.#pages) return 'its pages refer to each other in a circle';
        left.push(...this.#referredBy(this.#page(number)));
      }
      return undefined;
    } catch (error) {
      if (error instanceof RangeError) return `a page is damaged`;
      throw error;
    }
  }

  /** Pages that are not free, by what the tables say of themselves. */
  usedPages(): number {
    let pages = META_PAGES + this.#extent.free.pages + this.#extent.main.pages;
    const left = [this.#extent.main.root];
    for (let number = left.pop(); number !== undefined; number = left.pop()) {
      if (number === NO_PAGE) continue;
      const page = this.#page(number);
      for (const node of nodesOf(page)) {
        if (isBranch(page)) left.push(node.child);
        else if ((node.flags & TABLE) !== 0) pages += pagesOf(page, node.value);
      }
    }
    return pages;
  }

  #referredBy(page: Buffer): bigint[] {
    return nodesOf(page).flatMap(({ flags, child, value }) => {
      if (isBranch(page)) return [child];
      if ((flags & TABLE) !== 0) return [page.readBigUInt64LE(value + 40)];
      if ((flags & BIG_VALUE) !== 0) this.#assertOverflow(page.readBigUInt64LE(value), page.readBigUInt64LE(value + 16));
      return [];
    });
  }

  #assertOverflow(first: bigint, count: bigint): void {
    if (first + count > BigInt(this.#pages)) throw new RangeError('beyond the end of the file');
    if ((this.#read(first, HEADER_BYTES).readUInt16LE(18) & OVERFLOW) === 0) throw new RangeError('not a page of a large value');
  }

  #page(number: bigint): Buffer {
    const page = this.#read(number, this.#extent.pageSize);
    const kind = page.readUInt16LE(18) & (BRANCH | LEAF);
    if (page.readBigUInt64LE(0) !== number || (kind !== BRANCH && kind !== LEAF)) throw new RangeError('not a page of a tree');
    return page;
  }

  #read(number: bigint, bytes: number): Buffer {
    if (number < META_PAGES || number >= BigInt(this.#pages)) throw new RangeError('beyond the end of the file');
    const page = Buffer.alloc(bytes);
    readSync(this.#file, page, 0, bytes, Number(number) * this.#extent.pageSize);
    return page;
  }
}

const isBranch = (page: Buffer): boolean => (page.readUInt16LE(18) & BRANCH) !== 0;

const nodesOf = (page: Buffer): Node[] =>
  Array.from({ length: page.readUInt16LE(20) >> 1 }, (_, index) => {
    const at = page.readUInt16LE(HEADER_BYTES + 2 * index) + HEADER_BYTES;
    const flags = page.readUInt16LE(at + 4);
    const child = BigInt(page.readUInt32LE(at)) | (BigInt(flags) << 32n);
    return { flags, child, value: at + 8 + page.readUInt16LE(at + 6) };
  });

const pagesOf = (page: Buffer, at: number): number =>
  [8, 16, 24].reduce((sum, offset) => sum + Number(page.readBigUInt64LE(at + offset)), 0);
