/** Where a stream is written to: a response that may be slow to take what it is given, or go away. */

export interface Outlet {
  /** False where no more should be written until `onDrain`. What is given is sent in any case. */
  write(piece: Uint8Array): boolean;
  /** Ends the stream in order, with its last chunk. */
  end(): void;
  /** Cuts the connection: the client must see that the stream is not whole. */
  destroy(): void;
  onDrain(listener: () => void): void;
  /** Called once, whoever ended the stream. */
  onClose(listener: () => void): void;
}
