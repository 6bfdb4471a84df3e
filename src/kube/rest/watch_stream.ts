/** Reads a watch: lines of JSON from chunks of bytes. */
import { Buffer } from "node:buffer";
import type { KubeObject } from "../../api/object.ts";
import { isRecord } from "./api_errors.ts";
import type { WatchEvent } from "../client.ts";
import { type CallDescription, KubeConnectionError } from "../errors.ts";
import type { HttpStream } from "./transport.ts";

const NEWLINE = 10;
const LINE_EXCERPT = 120;

/**
 * Splits bytes into lines, without the newline; empty lines are left out. Each byte is looked at once, however many
 * chunks a line spans. Throws where a line is longer than `maxBytes`.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = take(chunk.subarray(start, end));
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.byteLength) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.byteLength - start;
      if (pendingBytes > maxBytes) throw new Error(`one event of the watch is larger than ${maxBytes} bytes`);
    }
  }
  const last = take(new Uint8Array());
  if (last !== "") yield last;

  function take(tail: Uint8Array): string {
    const whole = pending.length === 0
      ? tail
      : Buffer.concat([...pending, tail], pendingBytes + tail.byteLength);
    pending = [];
    pendingBytes = 0;
    return Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString("utf8");
  }
}

/** One line as an event. Throws where it is not one: a watch that makes no sense must not go on. */
export function parseWatchEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new Error(`the watch sent a line that is not JSON: ${line.slice(0, LINE_EXCERPT)}`, { cause });
  }
  if (isRecord(event)) {
    const { type, object } = event;
    if (type === "ERROR") return { type, object };
    const known = type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK";
    if (known && isRecord(object) && isRecord(object["metadata"])) {
      return { type, object: object as unknown as T };
    }
  }
  throw new Error(`the watch sent something that is not an event: ${line.slice(0, LINE_EXCERPT)}`);
}

/** Larger events are an error, in bytes: objects are at most a few MB, and memory is finite. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/**
 * The events of an open watch. Ends when the server closes the watch or `signal` aborts; throws
 * {@linkcode KubeConnectionError} when the connection breaks or what comes is no watch.
 */
export async function* watchEvents<T extends KubeObject>(
  stream: Pick<HttpStream, "body" | "cancel">,
  call: CallDescription,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<T>> {
  try {
    for await (const line of splitLines(stream.body, MAX_EVENT_BYTES)) {
      if (signal?.aborted) return;
      yield parseWatchEvent<T>(line);
    }
  } catch (error) {
    if (signal?.aborted) return;
    if (error instanceof KubeConnectionError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new KubeConnectionError(`watch of ${call.path}: ${reason}`, call, { cause: error });
  } finally {
    stream.cancel();
  }
}
