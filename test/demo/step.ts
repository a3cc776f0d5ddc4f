/** Runs one step; rejects when it does not hold. The answer is what to print beside it. */
export type Step = <T>(title: string, work: () => Promise<T> | T, show?: (result: T) => string) => Promise<T>;
