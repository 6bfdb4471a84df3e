/** Files of sessions as MCP resources: `session://<session>/<path>`. */
import { z } from "zod";
import { fsList, fsRead, MAX_BODY_BYTES, pathSchema } from "../../../sessions/operations.ts";
import type { Sessions } from "../../../sessions/coordinator/types.ts";
import { ToolError } from "../../errors.ts";
import type { ResourceShelf, SurfaceCall } from "../../surface.ts";
import { readTool, type Tool, type ToolCall } from "../../tool.ts";
import { base64Of, encode } from "./encoding.ts";
import { mimeTypeOf } from "./mime_types.ts";
import { carryOut, ownerOf, sessionInput } from "./shared.ts";

/** Bytes of one resource, at most: what is larger is read by ranges with `fs.read`. */
export const MOST_RESOURCE_BYTES = 32 * 2 ** 20;
/** Files that are listed of each session. */
const LISTED_FILES = 200;

/** @param id of the session @param path below its directory */
export function artifactUri(id: string, path: string): string {
  const clean = path.split("/").filter((part) => part !== "" && part !== ".");
  return `session://${id}/${clean.map(encodeURIComponent).join("/")}`;
}

function addressOf(uri: string): { readonly session: string; readonly path: string } | undefined {
  const match = /^session:\/\/([A-Za-z0-9-]{1,128})\/([^?#]+)$/.exec(uri);
  if (match === null) return undefined;
  try {
    return { session: match[1]!, path: match[2]!.split("/").map(decodeURIComponent).join("/") };
  } catch {
    return undefined;
  }
}

/** `artifact.get`. */
export function artifactTool(sessions: Sessions): Tool {
  return readTool({
    name: "artifact.get",
    description: "A file as a resource, for whoever takes it out of the session",
    toolset: "sessions",
    input: z.object({
      path: pathSchema.describe("Relative to the session's directory"),
      ...sessionInput,
    }),
    output: z.object({
      session: z.string(),
      uri: z.string().describe("For resources/read"),
      name: z.string(),
      mimeType: z.string(),
      size: z.int(),
      modifiedAt: z.string(),
    }),
    idempotent: true,
    verbatim: true,
    async read({ session, path }, call) {
      if (!path.isWellFormed()) {
        throw new ToolError("invalid", "a path that is no UTF-8 has no URI: rename the file, or use fs.read");
      }
      const { session: { id }, output } = await carryOut(sessions, call, session, fsRead, {
        path,
        length: 0,
      });
      if (output.size > MOST_RESOURCE_BYTES) {
        call.warn(
          `It is larger than the ${MOST_RESOURCE_BYTES} bytes of one resource: read it by ranges with fs.read.`,
        );
      }
      const name = path.split("/").at(-1) ?? path;
      const { size, modifiedAt } = output;
      return { session: id, uri: artifactUri(id, path), name, mimeType: mimeTypeOf(name), size, modifiedAt };
    },
  });
}

/** Each shows what is in files: who has none of these is not shown it by resources either. */
const SHOWING: readonly string[] = ["fs.read", "artifact.get", "run.command"];

/** Whether those who have these tools are to see files as resources. */
export function showFiles(tools: readonly { readonly tool: Pick<Tool, "name"> }[]): boolean {
  return tools.some(({ tool }) => SHOWING.includes(tool.name));
}

/** Files of the caller's sessions. */
export function sessionShelf(sessions: Sessions): ResourceShelf {
  return {
    templates: [{
      uriTemplate: "session://{session}/{path}",
      name: "session-file",
      title: "File of a session",
      description: "Any file of one of your sessions, each part of its path percent-encoded",
      mimeType: "application/octet-stream",
    }],
    async list(_cursor, surface) {
      const call = callOf(surface);
      const open = await sessions.list(ownerOf(call), {}, call.signal);
      // Files of workspaces are people's own, and many; each is read by its URI all the same.
      const ready = open.filter(({ state, workspace }) =>
        state === "ready" && workspace?.files !== "workspace"
      );
      const resources = await Promise.all(ready.map(async ({ id, name }) => {
        try {
          const { output } = await carryOut(sessions, call, id, fsList, { limit: LISTED_FILES });
          // A name that is no UTF-8 has no URI.
          const files = output.entries.filter(({ type, path }) => type === "file" && path.isWellFormed());
          return files.map(({ path, size }) => ({
            uri: artifactUri(id, path),
            name: `${name}/${path}`,
            description: `${size} bytes`,
            mimeType: mimeTypeOf(path),
          }));
        } catch {
          call.signal.throwIfAborted();
          // Its worker is away; the others are there all the same.
          return [];
        }
      }));
      return { resources: resources.flat() };
    },
    async read(uri, surface) {
      const address = addressOf(uri);
      if (address === undefined) {
        throw new ToolError("not_found", "no resource has such a URI; there is session://{session}/{path}");
      }
      const bytes = await readWhole(sessions, callOf(surface), address);
      const { content, encoding } = encode(bytes, undefined, true);
      const mimeType = mimeTypeOf(address.path);
      return encoding === "utf-8"
        ? { uri, mimeType, text: content, verbatim: true }
        : { uri, mimeType, blob: base64Of(bytes) };
    },
  };
}

async function readWhole(
  sessions: Sessions,
  call: ToolCall,
  { session, path }: { readonly session: string; readonly path: string },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  while (true) {
    const { output, body = new Uint8Array() } = await carryOut(sessions, call, session, fsRead, {
      path,
      offset,
      length: MAX_BODY_BYTES,
    });
    if (output.size > MOST_RESOURCE_BYTES || offset + body.length > MOST_RESOURCE_BYTES) {
      throw new ToolError(
        "limit",
        `${path}: ${output.size} bytes are more than the ${MOST_RESOURCE_BYTES} of one resource: read it by ranges with fs.read`,
      );
    }
    parts.push(body);
    offset += body.length;
    if (output.eof || body.length === 0) break;
  }
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(offset);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function callOf(surface: SurfaceCall): ToolCall {
  return { ...surface, warn() {}, progress() {} };
}
