/** Files of a session. */
import { z } from "zod";
import {
  fsEdit,
  fsList,
  fsRead,
  fsSearch,
  fsWrite,
  MAX_BODY_BYTES,
  pathSchema,
} from "../../../sessions/operations.ts";
import type { Sessions } from "../../../sessions/coordinator/types.ts";
import { ToolError } from "../../errors.ts";
import { actTool, readTool, type Tool } from "../../tool.ts";
import { decode, encode, ENCODINGS } from "./encoding.ts";
import { carryOut, sessionInput, sessionOutput } from "./shared.ts";

/** Bytes that are read where the caller does not say how many: no model wants more at once. */
const STANDARD_BYTES = 262_144;
const PATH = pathSchema.describe("Relative to the session's directory");

/** Makes them. */
export function fileTools(sessions: Sessions): readonly Tool[] {
  return [readFile(sessions), writeFile(sessions), listFiles(sessions), editFile(sessions), search(sessions)];
}

function readFile(sessions: Sessions): Tool {
  return readTool({
    name: "fs.read",
    description: "Read a file, or a range of it",
    toolset: "sessions",
    input: z.object({
      path: PATH,
      offset: z.int().min(0).optional().describe("First byte"),
      length: z.int().min(1).max(MAX_BODY_BYTES).optional().describe("Bytes. Default 262144"),
      line: z.int().min(1).optional().describe("First line, instead of offset"),
      lines: z.int().min(1).max(100_000).optional(),
      encoding: z.enum(ENCODINGS).optional().describe("Default: what fits"),
      ...sessionInput,
    }),
    output: z.object({
      ...sessionOutput,
      path: z.string(),
      content: z.string(),
      encoding: z.enum(ENCODINGS),
      size: z.int(),
      offset: z.int(),
      length: z.int(),
      eof: z.boolean(),
      modifiedAt: z.string(),
      executable: z.boolean(),
      lines: z.int().optional(),
    }),
    idempotent: true,
    verbatim: true,
    text: ({ content }) => content,
    async read({ session, path, offset, length, line, lines, encoding }, call) {
      const byLine = line !== undefined || lines !== undefined;
      if (byLine && (offset !== undefined || length !== undefined)) {
        throw new ToolError("invalid", "give either line and lines, or offset and length");
      }
      const asked = byLine
        ? { path, length: MAX_BODY_BYTES }
        : { path, offset: offset ?? 0, length: length ?? STANDARD_BYTES };
      const { session: { id }, output, body = new Uint8Array() } = await carryOut(
        sessions,
        call,
        session,
        fsRead,
        asked,
      );
      const encoded = encode(body, byLine ? "utf-8" : encoding, output.eof);
      if (byLine) return { session: id, ...output, ...linesOf(encoded.content, output, line ?? 1, lines) };
      const { content, length: read } = encoded;
      const eof = output.eof && read === body.length;
      if (!eof) {
        call.warn(`There is more: go on with offset ${output.offset + read} (of ${output.size} bytes).`);
      }
      return { session: id, ...output, content, encoding: encoded.encoding, length: read, eof };
    },
  });
}

/** Some lines of a text that was read from its beginning. */
function linesOf(
  text: string,
  { eof: isWhole, path, size }: { readonly eof: boolean; readonly path: string; readonly size: number },
  first: number,
  count = 100_000,
) {
  let start = 0;
  for (let line = 1; line < first; line++) {
    const end = text.indexOf("\n", start);
    if (end === -1) {
      const what = isWhole ? `it has ${line} lines` : `its first ${MAX_BODY_BYTES} bytes have ${line} lines`;
      throw new ToolError("invalid", `line: ${path} has no line ${first}: ${what}; use fs.search or offset`);
    }
    start = end + 1;
  }
  let end = start;
  let lines = 0;
  for (; lines < count && end < text.length; lines++) {
    const next = text.indexOf("\n", end);
    end = next === -1 ? text.length : next + 1;
  }
  const content = text.slice(start, end);
  const encoder = new TextEncoder();
  return {
    content,
    encoding: "utf-8" as const,
    offset: encoder.encode(text.slice(0, start)).length,
    length: encoder.encode(content).length,
    size,
    lines,
    eof: isWhole && end === text.length,
  };
}

function writeFile(sessions: Sessions): Tool {
  return actTool({
    name: "fs.write",
    description: "Write a file, whole or not at all; directories are made",
    toolset: "sessions",
    input: z.object({
      path: PATH,
      contents: z.string().max(2 * MAX_BODY_BYTES),
      encoding: z.enum(ENCODINGS).default("utf-8"),
      mode: fsWrite.input.shape.mode.describe("create refuses a file that is there"),
      executable: z.boolean().optional(),
      ifSha256: fsWrite.input.shape.ifSha256.describe("Only over these contents"),
      ...sessionInput,
    }),
    output: fsWrite.output.extend(sessionOutput),
    idempotent: false,
    destructive: true,
    verbatim: true,
    text: ({ path, bytes, created, size }) =>
      `${created ? "Made" : "Wrote"} ${path}: ${bytes} bytes${size === bytes ? "" : `, ${size} in all`}.`,
    async act({ session, contents, encoding, ...input }, call) {
      const body = decode(contents, encoding);
      if (body.length > MAX_BODY_BYTES) {
        throw new ToolError(
          "invalid",
          `contents: ${body.length} bytes are more than the ${MAX_BODY_BYTES} of one call: write the rest with mode append`,
        );
      }
      const answer = await carryOut(sessions, call, session, fsWrite, input, body);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function listFiles(sessions: Sessions): Tool {
  return readTool({
    name: "fs.list",
    description: "List files",
    toolset: "sessions",
    input: z.object({
      path: z.string().max(4_096).default("."),
      depth: fsList.input.shape.depth.describe("1: this directory alone"),
      glob: z.string().max(1_024).optional().describe("Such as **/*.py"),
      limit: fsList.input.shape.limit,
      after: z.string().max(4_096).optional().describe("Last path of the page before"),
      ...sessionInput,
    }),
    output: fsList.output.extend(sessionOutput),
    idempotent: true,
    verbatim: true,
    text: ({ entries, more }) =>
      [
        ...entries.map(({ path, type, size, target }) =>
          type === "directory"
            ? `${path}/`
            : type === "symlink"
            ? `${path} -> ${target}`
            : `${path} (${size})`
        ),
        ...(entries.length === 0 ? ["no files"] : []),
        ...(more ? [`… more: after ${JSON.stringify(entries.at(-1)?.path)}`] : []),
      ].join("\n"),
    async read({ session, ...input }, call) {
      const answer = await carryOut(sessions, call, session, fsList, input);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function editFile(sessions: Sessions): Tool {
  return actTool({
    name: "fs.edit",
    description: "Replace parts of a text file; all edits or none",
    toolset: "sessions",
    input: z.object({
      path: PATH,
      edits: fsEdit.input.shape.edits.describe("In turn. old must be there once, unless all"),
      ifSha256: fsEdit.input.shape.ifSha256,
      ...sessionInput,
    }),
    output: fsEdit.output.extend(sessionOutput),
    idempotent: false,
    destructive: true,
    verbatim: true,
    text: ({ path, replacements, diff }) => `Edited ${path}: ${replacements} replaced.\n${diff}`,
    async act({ session, ...input }, call) {
      const answer = await carryOut(sessions, call, session, fsEdit, input);
      return { session: answer.session.id, ...answer.output };
    },
  });
}

function search(sessions: Sessions): Tool {
  return readTool({
    name: "fs.search",
    description: "Search text in files",
    toolset: "sessions",
    input: z.object({
      query: z.string().min(1).max(1_024),
      path: z.string().max(4_096).default("."),
      regex: z.boolean().default(false).describe("query is a Python regular expression"),
      ignoreCase: z.boolean().default(false),
      glob: z.string().max(1_024).optional(),
      context: fsSearch.input.shape.context.describe("Lines around"),
      limit: fsSearch.input.shape.limit,
      ...sessionInput,
    }),
    output: fsSearch.output.extend(sessionOutput),
    idempotent: true,
    verbatim: true,
    text: ({ matches, files, more }) =>
      [
        ...matches.flatMap(({ path, line, text, before = [], after = [] }) => [
          ...before.map((one, at) => `${path}-${line - before.length + at}- ${one}`),
          `${path}:${line}: ${text}`,
          ...after.map((one, at) => `${path}-${line + 1 + at}- ${one}`),
        ]),
        `${matches.length}${more ? " and more" : ""} in ${files} files searched`,
      ].join("\n"),
    async read({ session, ...input }, call) {
      const answer = await carryOut(sessions, call, session, fsSearch, input);
      return { session: answer.session.id, ...answer.output };
    },
  });
}
