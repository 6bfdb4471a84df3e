/** MCP over standard input and output: one client, as whom this process acts for. */
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { Readable, Writable } from "node:stream";
import { Readable as NodeReadable, Writable as NodeWritable } from "node:stream";
import { asksByForm } from "./protocol/questions.ts";
import { createProtocolServer } from "./protocol/server.ts";
import { createServing, type Occasion, type ServingOptions } from "./protocol/serving.ts";
import { hasElicitation, MODERN_VERSION, UNSAID_VERSION } from "./protocol/versions.ts";
import { tellWrongParams } from "./protocol/wrong_params.ts";
import type { ServingWorld, Visitor } from "./surface.ts";

export interface McpStdioOptions extends ServingOptions {
  readonly input: ReadableStream<Uint8Array>;
  readonly output: WritableStream<Uint8Array>;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Serves until the client closes its end, or `signal` aborts. Both eras, with questions to the person. */
export async function serveMcpStdio(
  world: ServingWorld,
  visitor: Visitor,
  options: McpStdioOptions,
): Promise<void> {
  const serving = createServing(world, options);
  const input = NodeReadable.fromWeb(options.input as never) as Readable;
  const output = NodeWritable.fromWeb(options.output as never) as Writable;
  const transport = new StdioServerTransport(input, output);
  const send = transport.send.bind(transport);
  transport.send = (message) => send(tellWrongParams(message));
  const ended = Promise.withResolvers<void>();
  const handle = serveStdio(({ era }) => {
    let logLevel: string | undefined;
    const occasion: Occasion = {
      visitor,
      version: () =>
        era === "modern" ? MODERN_VERSION : server.getNegotiatedProtocolVersion() ?? UNSAID_VERSION,
      maySendQuestions: () =>
        hasElicitation(occasion.version()) && asksByForm(server.getClientCapabilities()?.elicitation),
      logLevel: { get: () => logLevel, set: (level) => void (logLevel = level) },
    };
    const server = createProtocolServer(serving, occasion);
    return server;
  }, { transport, onerror: (error) => serving.log.debug("over stdio", { error: error.message }) });
  const onclose = transport.onclose;
  transport.onclose = () => {
    onclose?.();
    ended.resolve();
  };
  const stop = () => void handle.close();
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  await ended.promise;
  options.signal?.removeEventListener("abort", stop);
}
