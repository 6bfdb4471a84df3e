/** What containers wrote. */
import { z } from "zod";
import { Pods } from "../../api/kubernetes/resources.ts";
import type { CallerCluster } from "../../caller/types.ts";
import { selectLines } from "../answers/lines.ts";
import { fenced } from "../answers/untrusted.ts";
import { toolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { KUBE_MS, within } from "../../caller/within.ts";

const STANDARD_LINES = 2_000;
const MOST_BYTES = 1_048_576;
/** Lines that are looked through for `grep`. */
const SEARCHED_LINES = 50_000;
/** Bytes that are read at once, whatever is shown of them. */
const READ_BYTES = 8 * 1_048_576;
/** Ends a log that is cut. Clients may look for it. */
const MARK = "(truncated)";

export const getPodLogs = readTool({
  name: "get_pod_logs",
  description: "Logs of a pod; repeated lines are folded (×n)",
  toolset: "core",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    container: z.string().max(253).optional(),
    tailLines: z.int().nullish().describe("Newest lines, of those that match. Default 2000"),
    limitBytes: z.int().nullish().describe("Newest bytes. Default and most 1048576"),
    previous: z.boolean().optional().describe("Of the run before a restart"),
    sinceSeconds: z.int().min(1).optional(),
    grep: z.string().max(1_024).optional().describe("Text, any case; | separates alternatives"),
    newestFirst: z.boolean().optional(),
    timestamps: z.boolean().optional(),
  }),
  output: z.object({
    logs: z.string(),
    matched: z.int().optional().describe("Lines that match grep"),
  }),
  idempotent: true,
  text: ({ logs, matched }) => {
    const count = matched === undefined ? [] : [`matched: ${matched}`];
    return [...count, logs === "" ? "logs: none" : fenced("a pod's log", logs)].join("\n");
  },
  async read(input, call) {
    const { namespace, name, grep, newestFirst } = input;
    try {
      const tail = input.tailLines ?? STANDARD_LINES;
      const isSearch = grep !== undefined && grep !== "";
      const lines = isSearch ? Math.max(tail, SEARCHED_LINES) : tail;
      const log = await within(
        call.signal,
        KUBE_MS,
        (signal) => readNewest(input, lines, call.cluster, signal),
      );
      const maxBytes = input.limitBytes && input.limitBytes > 0
        ? Math.min(input.limitBytes, MOST_BYTES)
        : MOST_BYTES;
      const chosen = selectLines(log.text, { tail, grep, newestFirst, maxBytes });
      if (isSearch && log.isPart) {
        call.warn(`Only the newest ${log.lines} lines were searched: ask with sinceSeconds for others.`);
      }
      const isCut = chosen.isCut || (log.isTooLong && !isSearch);
      if (isCut) {
        call.warn(
          `Older lines are left out ${MARK}: narrow with grep, sinceSeconds or tailLines` +
            (maxBytes < MOST_BYTES ? `, or raise limitBytes (at most ${MOST_BYTES}).` : "."),
        );
      }
      return {
        logs: isCut ? `${chosen.text}\n${MARK}` : chosen.text,
        ...(isSearch ? { matched: chosen.matched } : {}),
      };
    } catch (error) {
      call.signal.throwIfAborted();
      throw toolError(error, `stream logs for pod ${namespace}/${name}`);
    }
  },
});

interface LogQuestion {
  readonly namespace: string;
  readonly name: string;
  readonly container?: string | undefined;
  readonly previous?: boolean | undefined;
  readonly sinceSeconds?: number | undefined;
  readonly timestamps?: boolean | undefined;
}

interface ReadLog {
  readonly text: string;
  readonly lines: number;
  /** There may be older lines. */
  readonly isPart: boolean;
  /** Lines that were asked for are missing: all of them are more than is read. */
  readonly isTooLong: boolean;
}

/** The API server cuts at the end, and the newest lines are wanted: then fewer are asked for, until they fit. */
async function readNewest(
  question: LogQuestion,
  wanted: number,
  cluster: CallerCluster,
  signal: AbortSignal,
): Promise<ReadLog> {
  const { namespace, name, container, previous, sinceSeconds, timestamps } = question;
  let tailLines = wanted;
  while (true) {
    const query = { container, tailLines, previous, sinceSeconds, timestamps };
    const { bytes, isCut } = await cluster.text(Pods, { namespace, name }, "log", {
      query,
      maxBytes: READ_BYTES,
      signal,
    });
    const text = new TextDecoder().decode(bytes);
    const lines = countLines(text);
    // One line that is too long by itself is shown as far as it was read.
    if (!isCut || tailLines <= 1) {
      const isTooLong = isCut || tailLines < wanted;
      return { text, lines, isPart: isTooLong || lines >= wanted, isTooLong };
    }
    tailLines = Math.max(1, Math.min(Math.floor(tailLines / 2), lines - 1));
  }
}

function countLines(text: string): number {
  let lines = text === "" || text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
