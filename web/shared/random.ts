/** 128 random bits as 32 hex digits. Unlike `randomUUID` this also works on pages without TLS. */
export function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('');
}
