// The JSON hub protocol's framing: objects that end in a record separator, in a stream that knows no borders.

const END = '\x1e';

export function frame(message: object): string {
  return JSON.stringify(message) + END;
}

/** Gives back the complete messages of what has come so far and keeps the rest for the next piece. */
export function unframer(): (piece: string) => any[] {
  let held = '';
  return (piece) => {
    const parts = (held + piece).split(END);
    held = parts.pop()!;
    return parts.map((part) => JSON.parse(part));
  };
}
