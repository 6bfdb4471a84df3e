/** The protocol: one server of the SDK for one exchange over HTTP, or for one connection. */
import {
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import { callShelf, callTool, QuestionFirst, surfaceCall } from "./calls.ts";
import { type CallTime, startCallTime } from "./call_time.ts";
import { completeQuestion } from "./completion.ts";
import { listTools } from "./listing.ts";
import { progressReporter, type ProgressToken } from "./progress.ts";
import { ACCEPT_SCHEMA, askByAnswer, askWhileWaiting, QUESTION } from "./questions.ts";
import type { Occasion, Serving } from "./serving.ts";
import { answerResult, failureResult, type ToolResult } from "./tool_result.ts";
import { MODERN_VERSION, SESSION_VERSIONS } from "./versions.ts";

/** What is listed changes with the process alone. */
const LISTED_FOR = { ttlMs: 300_000, cacheScope: "private" } as const;

const LOG_LEVELS_OF_PROGRESS = ["debug", "info"];

/** Makes one. @param occasion whose exchange or connection it is */
export function createProtocolServer(serving: Serving, occasion: Occasion): Server {
  const { info, instructions } = serving.world.surface;
  const server = new Server(info, {
    capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
    ...(instructions === "" ? {} : { instructions }),
    supportedProtocolVersions: [...SESSION_VERSIONS],
    inputRequired: { legacyShim: false },
    cacheHints: {
      "tools/list": LISTED_FOR,
      "prompts/list": LISTED_FOR,
      "resources/templates/list": LISTED_FOR,
      "server/discover": LISTED_FOR,
    },
  });
  server.onerror = (error) => serving.log.debug("a message could not be taken", { error: error.message });
  setToolHandlers(server, serving, occasion);
  setResourceHandlers(server, serving, occasion);
  setPromptHandlers(server, serving, occasion);
  server.setRequestHandler("logging/setLevel", ({ params }) => {
    occasion.logLevel?.set(params.level);
    return {};
  });
  serving.extend?.(server);
  return server;
}

function setToolHandlers(server: Server, serving: Serving, occasion: Occasion): void {
  const { catalog } = serving.world.surface;
  server.setRequestHandler(
    "tools/list",
    () => ({ tools: listTools(catalog, occasion.version()) }) as never,
  );
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const listed = catalog.get(params.name);
    if (listed === undefined) throw unknownTool(params.name);
    const time = timeOf(serving, context);
    try {
      const answer = await callTool(serving, occasion, {
        listed,
        arguments: params.arguments,
        time,
        meta: context.mcpReq._meta,
        elicit: elicitOf(serving, occasion, context, time),
        progress: progressOf(serving, occasion, context, listed.name),
      });
      return answerResult(answer, occasion.version()) as never;
    } catch (error) {
      if (error instanceof ToolError) return failureResult(error) as ToolResult as never;
      if (error instanceof QuestionFirst) return questionResult(error) as never;
      throw error;
    }
  });
}

function setResourceHandlers(server: Server, serving: Serving, occasion: Occasion): void {
  const { resources } = serving.world.surface;
  server.setRequestHandler(
    "resources/list",
    ({ params }, context) =>
      shown(
        serving,
        timeOf(serving, context),
        (time) => time.within(resources.list(params?.cursor, surfaceCall(serving, occasion, time))),
      ) as never,
  );
  server.setRequestHandler(
    "resources/templates/list",
    () => ({ resourceTemplates: resources.templates }) as never,
  );
  server.setRequestHandler("resources/read", async ({ params: { uri } }, context) => {
    const what = { method: "resources/read", target: uri };
    const read = (time: CallTime) =>
      callShelf(serving, occasion, what, time, (call) => resources.read(uri, call));
    const content = await shown(
      serving,
      timeOf(serving, context),
      read,
      () => new ResourceNotFoundError(uri),
    );
    const { verbatim, ...own } = content;
    const redacted = verbatim === true || "blob" in own
      ? own
      : { ...own, text: serving.redaction.text(own.text) };
    return { contents: [redacted] } as never;
  });
}

function setPromptHandlers(server: Server, serving: Serving, occasion: Occasion): void {
  const { surface } = serving.world;
  const { prompts } = surface;
  server.setRequestHandler("prompts/list", () => ({ prompts: prompts.prompts }) as never);
  server.setRequestHandler("prompts/get", async ({ params: { name, arguments: args = {} } }, context) => {
    const what = { method: "prompts/get", target: name, arguments: args };
    const get = (time: CallTime) =>
      callShelf(serving, occasion, what, time, (call) => prompts.get(name, args, call));
    const { description, text } = await shown(serving, timeOf(serving, context), get);
    const shownText = serving.redaction.text(text);
    return { description, messages: [{ role: "user", content: { type: "text", text: shownText } }] };
  });
  server.setRequestHandler("completion/complete", async ({ params }, context) => {
    const complete = (time: CallTime) =>
      time.within(surface.complete(completeQuestion(params), surfaceCall(serving, occasion, time)));
    const { values, hasMore } = await shown(serving, timeOf(serving, context), complete);
    return { completion: { values: values.slice(0, 100), hasMore: hasMore || values.length > 100 } };
  });
}

/** A name that no tool has is a mistake of the client, and not of the model. */
export function unknownTool(name: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name.slice(0, 128)}`);
}

function questionResult({ question: { message, state } }: QuestionFirst) {
  return inputRequired({
    inputRequests: {
      [QUESTION]: inputRequired.elicit({ message, requestedSchema: ACCEPT_SCHEMA as never }),
    },
    requestState: state,
  });
}

function timeOf({ deadlineMs }: Serving, { mcpReq: { signal } }: ServerContext): CallTime {
  const time = startCallTime(deadlineMs);
  if (signal.aborted) time.leave();
  else signal.addEventListener("abort", () => time.leave(), { once: true });
  return time;
}

/** What has no result with `isError` fails with an error of the protocol. */
async function shown<R>(
  serving: Serving,
  time: CallTime,
  run: (time: CallTime) => Promise<R>,
  notFound?: () => ProtocolError,
): Promise<R> {
  try {
    return await run(time);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === "not_found" && notFound !== undefined) throw notFound();
    const isInvalid = error.code === "invalid" || error.code === "not_found";
    throw new ProtocolError(
      isInvalid ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError,
      serving.redaction.text(error.message),
    );
  } finally {
    time.done();
  }
}

function elicitOf(serving: Serving, occasion: Occasion, context: ServerContext, time: CallTime) {
  if (occasion.version() === MODERN_VERSION) return askByAnswer(serving, context);
  return occasion.maySendQuestions() ? askWhileWaiting(serving, context, time) : undefined;
}

function progressOf(serving: Serving, occasion: Occasion, { mcpReq }: ServerContext, tool: string) {
  const { progressToken } = (mcpReq._meta ?? {}) as { readonly progressToken?: ProgressToken };
  const level = occasion.logLevel?.get();
  const isModern = occasion.version() === MODERN_VERSION;
  const wantsLog = isModern || (level !== undefined && LOG_LEVELS_OF_PROGRESS.includes(level));
  return progressReporter({
    token: progressToken,
    send: (note) => mcpReq.notify({ method: "notifications/progress", params: note as never }),
    // The SDK knows whether this request of the era without sessions wants one.
    log: wantsLog ? (message) => mcpReq.log("info", message, tool) : undefined,
    now: () => serving.now(),
  });
}
