// The object store beside the worker, and what is wrong with it just now.

export const STORE_CONDITIONS = ['well', 'frozen', 'refusing', '503', 'half-answering'] as const;
export type StoreCondition = (typeof STORE_CONDITIONS)[number];

export const STORES = ['none', 'rgw', 'minio'] as const;
export type StoreName = (typeof STORES)[number];

/** An object store whose condition can be changed while it is used. */
export interface StoreUnderTest {
  /** What the worker is told of it. */
  env: Record<string, string>;
  /** What it is like now; undefined without a store. */
  readonly condition: StoreCondition | undefined;
  /** What the worker's requests meet from now on. */
  become(condition: StoreCondition): void;
}

export const noStore: StoreUnderTest = {
  env: {},
  condition: undefined,
  become: () => undefined,
};
