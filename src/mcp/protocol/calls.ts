/** Carries calls out, with a deadline, on record and counted: the same for every way in. */
import { ProtocolError } from "@modelcontextprotocol/server";
import { cleanTraceparent, codeOf } from "../../telemetry/tracing.ts";
import { ToolError, toolError } from "../errors.ts";
import { type Elicit, runTool, type ToolAnswer } from "../run.ts";
import type { ListedTool, SurfaceCall } from "../surface.ts";
import type { Provenance } from "../tool.ts";
import { auditRecord, type CallFacts } from "./audit.ts";
import type { CallTime } from "./call_time.ts";
import type { Occasion, Serving } from "./serving.ts";

/** Thrown where the answer is a question to the client, and no failure. */
export class QuestionFirst extends Error {
  override readonly name = "QuestionFirst";

  constructor(readonly question: { readonly message: string; readonly state: string }) {
    super(question.message);
  }
}

export interface ToolRequest {
  readonly listed: ListedTool;
  readonly arguments: unknown;
  readonly time: CallTime;
  readonly elicit?: Elicit | undefined;
  /** `_meta` of the request, as it came: its `traceparent` comes before that of the header. */
  readonly meta?: unknown;
  progress(done: number, total: number | undefined, message: string): void;
}

/** Runs a tool, in a span of its own. @throws {ToolError} @throws {QuestionFirst} */
export async function callTool(
  serving: Serving,
  occasion: Occasion,
  request: ToolRequest,
): Promise<ToolAnswer> {
  const { listed: { name }, meta } = request;
  const parent = traceparentIn(meta) ?? cleanTraceparent(occasion.traceparent);
  if (!serving.tracer.isOn) {
    const same = parent === occasion.traceparent;
    return await callInTrace(serving, same ? occasion : { ...occasion, traceparent: parent }, request);
  }
  const attributes = { "mcp.method.name": "tools/call", "gen_ai.tool.name": name };
  const span = serving.tracer.start(`tools/call ${name}`, { parent, kind: "server", attributes });
  const { traceparent } = span;
  try {
    const note = ({ session }: Provenance) => span.set({ "session.id": session });
    return await callInTrace(serving, { ...occasion, traceparent }, request, note);
  } catch (error) {
    if (error instanceof ProtocolError) span.fail("invalid");
    else if (!(error instanceof QuestionFirst)) span.fail(codeOf(error));
    throw error;
  } finally {
    span.end();
  }
}

function traceparentIn(meta: unknown): string | undefined {
  if (typeof meta !== "object" || meta === null || !("traceparent" in meta)) return undefined;
  return typeof meta.traceparent === "string" ? cleanTraceparent(meta.traceparent) : undefined;
}

function callInTrace(
  serving: Serving,
  occasion: Occasion,
  request: ToolRequest,
  note: (where: Provenance) => void = () => {},
): Promise<ToolAnswer> {
  const { listed, time, elicit, progress } = request;
  const { tool } = listed;
  const facts = {
    ...factsOf(occasion, "tools/call", listed.name, request.arguments),
    isPrivate: tool.verbatim === true,
  };
  let where: Provenance | undefined;
  const { caller, cluster, coders } = occasion.visitor;
  return onRecord(
    serving,
    facts,
    listed.name,
    time,
    () =>
      runTool(
        tool,
        request.arguments,
        {
          caller,
          cluster,
          coders,
          signal: time.signal,
          traceparent: occasion.traceparent,
          now: serving.now,
          progress,
          provenance(given) {
            where = given;
            note(given);
          },
        },
        { plans: serving.world.plans, elicit, redaction: serving.redaction },
      ),
    (answer) => answer.changed,
    () => where,
  );
}

/** Reads a resource or gets a prompt. @param target as it is on record @throws {ToolError} */
export function callShelf<R>(
  serving: Serving,
  occasion: Occasion,
  what: { readonly method: string; readonly target: string; readonly arguments?: unknown },
  time: CallTime,
  run: (call: SurfaceCall) => Promise<R>,
): Promise<R> {
  const facts = factsOf(occasion, what.method, what.target, what.arguments);
  return onRecord(serving, facts, "", time, () => run(surfaceCall(serving, occasion, time)), () => false);
}

/** What resources, prompts and completions see. */
export function surfaceCall(serving: Serving, { visitor }: Occasion, time: CallTime): SurfaceCall {
  const { caller, cluster, coders } = visitor;
  return { caller, cluster, coders, signal: time.signal, now: serving.now };
}

function factsOf(occasion: Occasion, method: string, target: string, args: unknown): CallFacts {
  return {
    method,
    target,
    arguments: args,
    caller: occasion.visitor.caller,
    sessionId: occasion.sessionId,
    traceparent: occasion.traceparent,
  };
}

async function onRecord<R>(
  serving: Serving,
  facts: CallFacts,
  tool: string,
  time: CallTime,
  run: () => Promise<R>,
  hasChanged: (answer: R) => boolean,
  provenance: () => Provenance | undefined = () => undefined,
): Promise<R> {
  const startedAt = serving.now();
  const end = (result: string, changed: boolean, message?: string) => {
    const endedAt = serving.now();
    const labels = { method: facts.method, tool, result };
    serving.metrics.calls.observe(labels, Math.max(0, endedAt - startedAt) / 1_000);
    const failure = result === "ok" ? {} : { error: result, ...(message === undefined ? {} : { message }) };
    serving.world.audit(
      auditRecord(facts, { startedAt, endedAt, changed, provenance: provenance(), ...failure }),
    );
  };
  try {
    time.signal.throwIfAborted();
    const answer = await time.within(run());
    end("ok", hasChanged(answer));
    return answer;
  } catch (error) {
    if (error instanceof QuestionFirst) {
      end("ok", false);
      throw error;
    }
    if (error instanceof ProtocolError) {
      end("invalid", false, error.message);
      throw error;
    }
    if (time.ended === "gone") {
      end("cancelled", false);
      throw new ToolError("timeout", "the client is gone", { cause: error });
    }
    const shown = time.ended === "deadline" ? tooLong(serving, error) : toolError(error);
    if (shown.code === "internal") {
      serving.log.error("a call failed", { method: facts.method, target: facts.target, error: shown.cause });
    }
    end(shown.code, false, shown.message);
    throw shown;
  } finally {
    time.done();
  }
}

function tooLong({ deadlineMs }: Serving, cause: unknown): ToolError {
  return new ToolError(
    "timeout",
    `it took longer than ${deadlineMs / 1_000} s: ask for less, or look later whether it was done`,
    { cause },
  );
}
