/** What differs between two versions of a template. */
import { z } from "zod";
import { differenceText, type FileDifference, fileDifferences } from "../answers/file_diff.ts";
import { cutText } from "../answers/lines.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { fenced } from "../answers/untrusted.ts";
import { ToolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { askOfTemplate, readTemplate } from "./template_access.ts";
import { filesOf } from "./template_files.ts";
import { chosenVersion, goodVersionBefore, versionsOf } from "./template_version.ts";

const STANDARD = 20;
const MOST = 200;
/** Of the diffs of one page, of one file among others, and of a file that was asked for alone, in bytes. */
const PAGE_BYTES = 16_384;
const FILE_BYTES = 6_144;
const ALONE_BYTES = 49_152;

const VERSION = z.object({ id: z.string(), name: z.string() });

/** `diff_template_versions` */
export const diffTemplateVersions = readTool({
  name: "diff_template_versions",
  description: "What differs in the files of two versions of a template, as unified diffs",
  toolset: "templates",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    from: z.string().max(64).optional().describe("Name or UUID. Default: the good one before `to`"),
    to: z.string().max(64).default("active").describe("Name, UUID, active or newest"),
    path: z.string().max(512).optional().describe("This file alone, with more of it"),
    ...pageInput(STANDARD, MOST),
  }),
  output: z.object({
    from: VERSION,
    to: VERSION,
    files: z.array(z.object({
      path: z.string(),
      change: z.enum(["added", "removed", "changed"]),
      opaque: z.boolean().optional().describe("No text, or too large"),
      added: z.int().optional(),
      removed: z.int().optional(),
      diff: z.string().optional(),
      truncated: z.boolean().optional(),
    })),
    ...PAGE_OUTPUT,
  }),
  idempotent: true,
  async read({ namespace, name, path, limit, cursor, ...wanted }, call) {
    const template = await readTemplate(call, { namespace, name });
    const { from, to, before, after } = await askOfTemplate(
      call,
      template,
      "compare versions",
      async (coder) => {
        const versions = await versionsOf(coder, template);
        const to = chosenVersion(versions, template, wanted.to);
        const from = wanted.from === undefined
          ? goodVersionBefore(versions, to)
          : chosenVersion(versions, template, wanted.from);
        if (from === undefined) {
          throw new ToolError("not_found", `no good version is older than ${to.name}: give from`);
        }
        const [before, after] = await Promise.all([
          filesOf(coder, from, call.caller.id),
          filesOf(coder, to, call.caller.id),
        ]);
        return { from, to, before, after };
      },
    );
    const all = fileDifferences(before, after).filter((one) => path === undefined || one.path === path);
    const most = path === undefined ? FILE_BYTES : ALONE_BYTES;
    const { items, ...page } = pageOf(all.map((one) => shown(one, most)), {
      limit,
      cursor,
      standard: STANDARD,
      most: MOST,
      keyOf: (one) => one.path,
      sizeOf: (one) => one.path.length + (one.diff?.length ?? 0),
      maxBytes: path === undefined ? PAGE_BYTES : ALONE_BYTES,
    });
    if (path !== undefined && all.length === 0) {
      const isThere = [before, after].some(({ files }) => Object.hasOwn(files, path));
      call.warn(isThere ? `${path} is the same in both.` : `Neither has a file ${path}.`);
    } else if (items.some(({ truncated }) => truncated)) {
      call.warn(path === undefined ? "Long diffs are cut: ask with path for one file." : "The diff is cut.");
    }
    return {
      from: { id: from.id, name: from.name },
      to: { id: to.id, name: to.name },
      files: [...items],
      ...page,
    };
  },
  text: ({ from, to, files, nextCursor, total }) => {
    const lines = files.flatMap((
      one,
    ) => [differenceText(one as FileDifference), ...one.diff?.split("\n") ?? []]);
    return [
      `from ${from.name} (${from.id}) to ${to.name} (${to.id})`,
      files.length === 0
        ? "files: none differ"
        : fenced("what differs in files of a template", lines.join("\n")),
      ...(nextCursor === undefined ? [] : [`${files.length} of ${total} files; nextCursor: ${nextCursor}`]),
    ].join("\n");
  },
});

function shown(one: FileDifference, most: number): FileDifference & { readonly truncated?: boolean } {
  if (one.diff === undefined) return one;
  const diff = cutText(one.diff, most);
  return diff === one.diff ? one : { ...one, diff, truncated: true };
}
