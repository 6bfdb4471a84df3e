/** A question to whoever sits at the terminal. */

/** The terminal. */
export interface AskingParts {
  readonly write: (text: string) => void;
  /** As `Deno.stdin.read`: how many bytes there are, or null at the end. */
  readonly read: (into: Uint8Array) => Promise<number | null>;
}

const BYTES = 256;

/**
 * Whether it is answered with yes. Deno's own `confirm` holds everything up until somebody answers: Ctrl-C, too.
 *
 * @param signal ends the waiting; rejects with its reason
 */
export async function answersYes(
  question: string,
  signal: AbortSignal,
  { write, read }: AskingParts = thisTerminal,
): Promise<boolean> {
  signal.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    write(`${question} [y/N] `);
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(BYTES);
    let line = "";
    while (!line.includes("\n") && line.length < BYTES) {
      const count = await Promise.race([read(bytes), stopped.promise]);
      if (count === null) break;
      line += decoder.decode(bytes.subarray(0, count), { stream: true });
    }
    return /^y(?:es)?$/i.test(line.trim());
  } catch (error) {
    write("\n");
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const thisTerminal: AskingParts = {
  write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
  read: (into) => Deno.stdin.read(into),
};
