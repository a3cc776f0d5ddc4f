/** Those who wait for the same thing; each set of them is settled once. */
export class Waiters {
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  async add(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  resolve(): void {
    for (const { resolve } of this.#takeAll()) resolve();
  }

  reject(error: Error): void {
    for (const { reject } of this.#takeAll()) reject(error);
  }

  #takeAll(): { resolve: () => void; reject: (error: Error) => void }[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}
