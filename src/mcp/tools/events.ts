/** What happened to objects in a namespace. */
import { z } from "zod";
import { pageOf } from "../answers/page.ts";
import { table } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { ToolError, toolError } from "../errors.ts";
import { namespaceInput, readTool } from "../tool.ts";
import { type CoreEvent, eventCount, eventTime, readEvents, timeText } from "../../diagnosis/core_events.ts";

/** So many are put in order at a time. */
const CHUNK = 5_000;

export const getEvents = readTool({
  name: "get_events",
  description: "Kubernetes events in a namespace, newest first",
  toolset: "core",
  input: z.object({
    namespace: namespaceInput(),
    name: z.string().max(253).optional().describe("Of the involved object"),
    kind: z.string().max(63).optional().describe("Such as Pod"),
    limit: z.int().optional().describe("Default 200, at most 1000"),
    continue: z.string().max(8_192).optional().describe("From the page before"),
  }),
  output: z.object({
    items: z.array(z.object({
      type: z.string(),
      reason: z.string(),
      message: z.string(),
      count: z.int(),
      lastTimestamp: z.string().optional(),
      object: z.string().optional(),
    })),
    continue: z.string().optional(),
  }),
  idempotent: true,
  text: ({ items, continue: more }) =>
    [
      items.length === 0 ? "There are no events." : fenced(
        "events",
        table(items.map((item) => ({ ...item, message: item.message.replace(/\s+/g, " ") }))).join("\n"),
      ),
      ...(more === undefined ? [] : [`continue: ${more}`]),
    ].join("\n"),
  async read(input, call) {
    const { namespace, name, kind, limit } = input;
    try {
      const at = input.continue ? readPlace(input.continue) : {};
      const question = { namespace, name, kind, from: at.from, most: CHUNK };
      const { events, next } = await readEvents(call.cluster, question, call.signal);
      const rows = events.map((event) => ({ order: orderOf(event), event }));
      const page = pageOf(rows, {
        limit,
        cursor: at.cursor,
        standard: 200,
        most: 1_000,
        keyOf: ({ order }) => order,
        // Of what is shown: most of an event is not.
        sizeOf: ({ event }) => (event.message?.length ?? 0) + 120,
      });
      const place = page.nextCursor !== undefined
        ? { ...at, cursor: page.nextCursor }
        : next !== undefined
        ? { from: next }
        : undefined;
      if (next !== undefined) {
        call.warn(
          `There are more than ${CHUNK} events: newest first is of each ${CHUNK}. Ask for a name or kind.`,
        );
      }
      return {
        items: page.items.map(({ event }) => shown(event)),
        ...(place === undefined ? {} : { continue: placeText(place) }),
      };
    } catch (error) {
      call.signal.throwIfAborted();
      throw toolError(error, `list events in namespace "${namespace}"`);
    }
  },
});

function shown(event: CoreEvent) {
  const { type = "", reason = "", message = "", involvedObject: { kind, name } = {} } = event;
  const time = eventTime(event);
  return {
    type,
    reason,
    message: message.trim(),
    count: eventCount(event),
    ...(time === 0 ? {} : { lastTimestamp: timeText(time) }),
    ...(name ? { object: `${kind ?? ""}/${name}` } : {}),
  };
}

/** Newest first, as text. */
function orderOf(event: CoreEvent): string {
  const age = Number.MAX_SAFE_INTEGER - eventTime(event);
  return `${String(age).padStart(16, "0")} ${event.metadata.name ?? ""}`;
}

/** Where a page begins: the API server's token of the chunk, and our cursor in it. */
interface Place {
  readonly from?: string | undefined;
  readonly cursor?: string | undefined;
}

const placeSchema = z.tuple([z.string(), z.string()]);

function placeText({ from = "", cursor = "" }: Place): string {
  const bytes = new TextEncoder().encode(JSON.stringify([from, cursor]));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function readPlace(text: string): Place {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    const [from, cursor] = placeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { from: from || undefined, cursor: cursor || undefined };
  } catch {
    throw new ToolError("invalid", "continue: it is none of this tool's; begin without one");
  }
}
