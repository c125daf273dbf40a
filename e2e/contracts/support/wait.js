// Waiting for what must come. Every wait ends: with what was waited for, or with a sentence that names it.

/** Long enough for a busy machine; nothing is judged by how long it took. */
const PATIENCE = 60_000;

/** The value of `promise`, or a failure that names what did not come. */
export function within(promise, what, patience = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: did not come within ${patience / 1000} s`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What has come so far, in order, and a way to wait for more. */
export class Heard {
  items = [];
  #waiting = new Set();

  add(item) {
    this.items.push(item);
    for (const check of [...this.#waiting]) check();
  }

  /** All items, once `enough(items)` says so. */
  async until(enough, what) {
    let check;
    const come = new Promise((resolve) => {
      check = () => enough(this.items) && resolve(this.items);
      this.#waiting.add(check);
      check();
    });
    try {
      return await within(come, what);
    } catch (error) {
      const last = JSON.stringify(this.items.slice(-5));
      throw new Error(`${error.message}; ${this.items.length} have come, the last of them ${last}`);
    } finally {
      this.#waiting.delete(check);
    }
  }

  /** The first `count` items, once there are so many. */
  async first(count, what) {
    return (await this.until((items) => items.length >= count, what)).slice(0, count);
  }
}
