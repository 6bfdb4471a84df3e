/** The page about refusals and errors: the lists of codes that the sources have, with what their comments say. */
import type { GeneratedFile } from "../files.ts";
import { banner, code, page, prose, table } from "./markdown.ts";
import { listOfNamed, type Member, parse, placeOf, type ts } from "./source.ts";

const STATUS_FILE = "src/aggregated/serving/status_errors.ts";
const TOOL_FILE = "src/mcp/errors.ts";
const SESSION_FILE = "src/sessions/types.ts";

/** `docs/reference/errors.md`. */
export async function errorFiles(root: string): Promise<GeneratedFile[]> {
  const read = async (path: string) => parse(path, await Deno.readTextFile(`${root}/${path}`));
  const [status, tool, session] = await Promise.all([STATUS_FILE, TOOL_FILE, SESSION_FILE].map(read));
  return [{
    path: "docs/reference/errors.md",
    content: page(
      "# Errors",
      banner([STATUS_FILE, TOOL_FILE, SESSION_FILE].join(", ")),
      "Messages say what was tried, on what, and what to do. Programs read the codes.",
      "## Of the aggregated API",
      "Every refusal is a Kubernetes `Status` with one of these reasons.",
      codes("Reason", membersOf(status!, "StatusReason")),
      "## Of tools of the MCP server",
      "In the audit log and in metrics; clients get the message, as a result with `isError`.",
      codes("Code", membersOf(tool!, "ToolErrorCode")),
      "## Of sandbox sessions",
      codes("Code", membersOf(session!, "SESSION_ERROR_CODES")),
      "## Of commands",
      "Exit codes are with each of the [commands](commands.md).",
    ),
  }];
}

/** The members of a union, or of a list, by its name. @throws {Error} where one has no comment */
export function membersOf(file: ts.SourceFile, name: string): Member[] {
  const members = listOfNamed(file, name);
  const silent = members.filter(({ comment }) => comment === "").map(({ text }) => text);
  if (members.length === 0) throw new Error(`${file.fileName} has no list of texts that is called ${name}`);
  if (silent.length > 0) {
    throw new Error(
      `${placeOf(file)}: ${name}: say in a comment before each what it means: ${silent.join(", ")}`,
    );
  }
  return members;
}

function codes(head: string, members: readonly Member[]): string {
  return table([head, "Meaning"], members.map(({ text, comment }) => [code(text), prose(comment)]));
}
