/** What a build of a workspace has written. */
import { z } from "zod";
import { keyText } from "../../api/object.ts";
import { CoderWorkspaces } from "../../api/workspace.ts";
import { selectLines } from "../answers/lines.ts";
import { fenced } from "../answers/untrusted.ts";
import { nameInput, namespaceInput, readTool } from "../tool.ts";
import { READ_MS, readWorkspace, telling } from "./workspace_access.ts";

/** Coder keeps 1 MiB of each build; times and headings are ours. */
const WHOLE_BYTES = 2_097_152;
const TAIL = 100;
const BYTES = 8_192;
const MOST_BYTES = 65_536;

export const getWorkspaceBuildLog = readTool({
  name: "get_workspace_build_log",
  description: "Log of a workspace's build; repeated lines folded",
  toolset: "core",
  input: z.object({
    namespace: namespaceInput(),
    name: nameInput(),
    build: z.int().min(1).optional().describe("Number; default the latest"),
    grep: z.string().optional().describe("Text; `a|b`: either"),
    sinceSeconds: z.int().min(1).optional(),
    tailLines: z.int().min(1).optional().describe(`Default ${TAIL}`),
    limitBytes: z.int().min(1).optional().describe(`Default ${BYTES}, at most ${MOST_BYTES}`),
    newestFirst: z.boolean().optional(),
  }),
  output: z.object({
    name: z.string(),
    log: z.string(),
    truncated: z.boolean().optional(),
  }),
  idempotent: true,
  async read({ namespace, name, build, sinceSeconds, ...wanted }, call) {
    const key = { namespace, name };
    const what = `read the build log of CoderWorkspace ${keyText(key)}`;
    const [{ metadata }, { bytes, isCut }] = await Promise.all([
      readWorkspace(call, key),
      telling(what, () =>
        call.cluster.text(CoderWorkspaces, key, "log", {
          query: { build, sinceSeconds },
          maxBytes: WHOLE_BYTES,
          signal: call.signal,
          timeoutMs: READ_MS,
        })),
    ]);
    const { tailLines = TAIL, grep, newestFirst, limitBytes = BYTES } = wanted;
    const lines = selectLines(new TextDecoder().decode(bytes), {
      tail: tailLines,
      grep,
      newestFirst,
      maxBytes: Math.min(limitBytes, MOST_BYTES),
    });
    const truncated = isCut || lines.isCut || lines.matched > tailLines;
    if (lines.matched === 0) {
      call.warn(grep === undefined ? "Nothing was written yet." : "No line has this text.");
    }
    if (truncated) {
      call.warn(
        `Older lines are left out (${lines.matched} in all): use grep, or more tailLines and limitBytes.`,
      );
    }
    return { name: metadata.name ?? name, log: lines.text, ...(truncated ? { truncated } : {}) };
  },
  text: ({ name, log }) => fenced(`build log of the workspace ${name}`, log),
});
