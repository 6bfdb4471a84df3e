/** Text that goes on, such as a log that is followed: sent as it comes, no faster than it is taken. */
import { Buffer } from "node:buffer";
import type { Logger } from "../../../telemetry/logger.ts";
import { factsOf } from "../http/error_filter.ts";
import type { Exchange, StreamAnswer } from "../http/exchange.ts";
import type { TextStream } from "../storage.ts";
import type { Outlet } from "./outlet.ts";
import type { WatchRegistry } from "./watch_registry.ts";

/** Makes the answer. What fails after its beginning cuts the connection: the client must not think it has it all. */
export function streamText(
  { contentType = "text/plain", chunks, farewell = "" }: TextStream,
  exchange: Exchange,
  { watches, log }: { readonly watches: WatchRegistry; readonly log: Logger },
): StreamAnswer {
  return {
    code: 200,
    contentType,
    run(outlet) {
      let isOver = false;
      // The client may be gone already, or the server about to go.
      let forget = () => {};
      const drained = new Waiting();
      const stop = () => {
        isOver = true;
        drained.wake();
        forget();
      };
      outlet.onDrain(() => drained.wake());
      outlet.onClose(stop);
      forget = watches.add({
        finish: () => {
          stop();
          if (farewell !== "") outlet.write(Buffer.from(farewell));
          outlet.end();
          exchange.abort(new Error("the server shuts down"));
        },
      });
      if (isOver) forget();
      exchange.onBegun.splice(0).forEach((begun) => begun());
      pump(chunks, outlet, drained, () => isOver).catch((error) => {
        if (isOver) return;
        log.warn("a stream of text broke", { ...factsOf(exchange), error });
        outlet.destroy();
      });
    },
  };
}

async function pump(
  chunks: TextStream["chunks"],
  outlet: Outlet,
  drained: Waiting,
  isOver: () => boolean,
): Promise<void> {
  for await (const chunk of chunks) {
    if (isOver()) return;
    const waits = drained.next();
    if (!outlet.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk)) await waits;
    if (isOver()) return;
  }
  outlet.end();
}

/** Somebody who waits to be woken. */
class Waiting {
  #wake = () => {};

  next(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  wake(): void {
    this.#wake();
  }
}
