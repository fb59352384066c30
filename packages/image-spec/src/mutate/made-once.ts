/** Makes something when it is first wanted, and once: whoever comes meanwhile waits for the same. */
export class MadeOnce<T> {
  #made: Promise<T> | undefined;
  #signal: AbortSignal | undefined;

  /** After a failure it is tried again; by those who waited, too, where only the signal of another one ended it. */
  async get(make: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#made === undefined) return this.#begin(make, signal);
    const others = this.#signal;
    try {
      return await this.#made;
    } catch (error) {
      if (others === signal || others?.aborted !== true || signal?.aborted) throw error;
      return this.get(make, signal);
    }
  }

  #begin(make: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.#signal = signal;
    this.#made = make().catch((error) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }
}
