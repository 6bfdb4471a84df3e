/** Terminals in workspaces: what is typed, and what is seen. */

export interface TerminalRequest {
  /** The workspace's agent; another one after every start. */
  readonly agentId: string;
  /** Run by the user's login shell with `-c`, in the agent's directory. */
  readonly command: string;
  /** Who asks again with the same one gets the same terminal, while it lives. @default {a random one} */
  readonly reconnect?: string | undefined;
}

/** How a terminal ended. Coder does not say what its command came to. */
export interface TerminalEnd {
  /** Of the WebSocket; 1006 where the connection broke. */
  readonly code: number;
  /** What Coder said, cut and redacted; empty where it said nothing. */
  readonly reason: string;
}

/** One terminal that is open. */
export interface Terminal {
  readonly reconnect: string;
  /** Bytes as they come, both streams in one; ends with the terminal. To be read by one reader. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Never rejects. */
  readonly closed: Promise<TerminalEnd>;
  /** Types it. Resolves when there is room for more; rejects once the terminal is closed, and with the reason of `signal`. */
  type(text: string, signal: AbortSignal): Promise<void>;
  /** Lets go of it: its command goes on for some minutes. Twice is no more than once. */
  close(): void;
}

/** Rejects with `CoderError` where Coder refuses or cannot be reached, and with the reason of `signal`. */
export type OpenTerminal = (request: TerminalRequest, signal: AbortSignal) => Promise<Terminal>;
