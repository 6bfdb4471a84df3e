/**
 * What goes on in a process, for who has to find out why it is slow or large: heap, activity, a snapshot of the heap. On a
 * port of its own, on loopback: a snapshot has everything that is in memory.
 */
import { getHeapSnapshot, getHeapSpaceStatistics, getHeapStatistics } from "node:v8";

export interface DebugReportOptions {
  /** What it is doing, as data that can be JSON. */
  readonly activity: () => unknown;
  /** The address that is listened to is no loopback address: there is no snapshot. @default {false} */
  readonly isOpen?: boolean;
  /** @default {Date.now} */
  readonly now?: () => number;
}

const HELP = `debug reports:
  /debug/heap            heap and memory of the process, JSON
  /debug/heap/snapshot   everything in the heap, for Chrome's DevTools (Memory, Load): it has secrets in it
  /debug/activity        what it is doing, JSON
`;

/** Makes the handler of the debug port. */
export function debugReport(options: DebugReportOptions): (request: Request) => Response {
  const { activity, isOpen = false, now = Date.now } = options;
  const startedAt = now();
  return (request) => {
    if (request.method !== "GET") return text(405, "use GET\n");
    // A page in somebody's browser must not read it by way of a name that leads here.
    const { pathname, hostname } = new URL(request.url);
    if (!isOpen && !["127.0.0.1", "localhost", "[::1]"].includes(hostname)) {
      return text(403, "ask by 127.0.0.1 or localhost\n");
    }
    switch (pathname) {
      case "/":
      case "/debug":
      case "/debug/":
        return text(200, HELP);
      case "/debug/heap":
        return json({
          process: Deno.memoryUsage(),
          heap: getHeapStatistics(),
          spaces: getHeapSpaceStatistics(),
        });
      case "/debug/activity":
        return json({
          startedAt: new Date(startedAt).toISOString(),
          uptimeSeconds: Math.round((now() - startedAt) / 1_000),
          ...(activity() as Record<string, unknown>),
        });
      case "/debug/heap/snapshot":
        if (isOpen) {
          return text(403, "there is a snapshot on a loopback address alone: --debug-bind-address\n");
        }
        return new Response(ReadableStream.from(getHeapSnapshot() as AsyncIterable<Uint8Array>), {
          headers: {
            "content-type": "application/json",
            "content-disposition": `attachment; filename="coder-k8s-${now()}.heapsnapshot"`,
          },
        });
      default:
        return text(404, `not found\n${HELP}`);
    }
  };
}

function text(status: number, body: string): Response {
  return new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

function json(value: unknown): Response {
  return new Response(`${JSON.stringify(value, undefined, 2)}\n`, {
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
