/** Chance that a failing test can name: the seed gives the same numbers again. */
export function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Runs a property for many seeds; the seed of a failure is in its message. */
export function forSeeds(count: number, property: (random: (below: number) => number) => void): void {
  for (let seed = 1; seed <= count; seed++) {
    try {
      property(chance(seed));
    } catch (error) {
      (error as Error).message = `seed ${seed}: ${(error as Error).message}`;
      throw error;
    }
  }
}
