/** Progress of long steps: one rewritten line on a terminal, plain lines elsewhere. */

/** Where progress goes. */
export interface ProgressSink {
  /** Whether the line may be rewritten in place. */
  isTerminal: boolean;
  write(text: string): void;
}

/** Standard error, so that standard output stays for results. */
export function standardError(): ProgressSink {
  const encoder = new TextEncoder();
  return {
    isTerminal: Deno.stderr.isTerminal(),
    write: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
  };
}

/** A sink that shows nothing. */
export const SILENT: ProgressSink = { isTerminal: false, write: () => {} };

/** Runs one step and shows its name, the time that passes and how it ended. */
export async function step<T>(sink: ProgressSink, name: string, run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  sink.write(sink.isTerminal ? `  ${name} …` : `  ${name} …\n`);
  const timer = sink.isTerminal
    ? setInterval(() => sink.write(`\r\x1b[K  ${name} … ${seconds()}`), 1000)
    : setInterval(() => sink.write(`  ${name} … ${seconds()}\n`), 30_000);
  const end = (word: string) =>
    sink.write(`${sink.isTerminal ? "\r\x1b[K" : ""}  ${name}: ${word}, ${seconds()}\n`);
  try {
    const result = await run();
    end("done");
    return result;
  } catch (error) {
    end("failed");
    throw error;
  } finally {
    clearInterval(timer);
  }
}
