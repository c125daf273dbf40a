/** The connection ended, or never was: nothing is known of what was under way. */
export class Disconnected extends Error {}

/** The server said no. `detail` is what it wanted us to know (W7), absent when something broke over there. */
export class Refused extends Error {
  detail: string | undefined;

  constructor(detail: string | undefined) {
    super(detail);
    this.detail = detail;
  }
}

/** The seconds to wait that a refusal for too many requests names. */
export function secondsToWait(error: unknown): number | undefined {
  const seconds = error instanceof Refused && /Try again in (\d+) s/.exec(error.detail ?? '')?.[1];
  return seconds ? Number(seconds) : undefined;
}

/** The channel is gone or switched off, or wants another proof: asking again soon is of no use. */
export function channelIsGone(error: unknown): boolean {
  return unverified(error) || (error instanceof Refused && /^Channel /.test(error.detail ?? ''));
}

/** The visitor's id is not believed without a proof, or not with this one. */
export function unverified(error: unknown): boolean {
  return error instanceof Refused && /not verified/.test(error.detail ?? '');
}
