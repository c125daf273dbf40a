// What we use of the client, declared here: its own types reach into four more packages.

export interface Options {
  path?: string;
  transports?: ('websocket' | 'polling')[];
  tryAllTransports?: boolean;
  autoConnect?: boolean;
  reconnectionDelay?: number;
  reconnectionDelayMax?: number;
  withCredentials?: boolean;
}

export interface Socket {
  readonly connected: boolean;
  /** Whether the server has given back everything that was missed, rooms included. */
  readonly recovered: boolean;
  /** Whether the client goes on trying by itself. */
  readonly active: boolean;
  connect(): this;
  disconnect(): this;
  on(event: 'connect', heard: () => void): this;
  on(event: 'disconnect', heard: (reason: string) => void): this;
  on(event: 'connect_error', heard: (error: Error) => void): this;
  on(event: string, heard: (...said: any[]) => void): this;
  emit(event: string, ...said: unknown[]): this;
  /** Answers with what the server acknowledged, and fails when it has not within the time. */
  timeout(ms: number): { emitWithAck(event: string, ...said: unknown[]): Promise<unknown> };
}

export function io(options?: Options): Socket;
