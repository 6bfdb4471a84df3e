/** The log of a build, for people. */
import type { ObjectKey } from "../api/object.ts";
import { CoderWorkspaces } from "../api/workspace.ts";
import { resourcePath, withQuery } from "../kube/rest/request_path.ts";
import { callOptions, type PluginWorld } from "./world.ts";

export interface LogRequest {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** @default the latest */
  readonly build?: number | undefined;
  /** The last so many lines. */
  readonly tail?: number | undefined;
  /** What was written in the last so many seconds. */
  readonly sinceSeconds?: number | undefined;
}

/** Lines as they come, each with its end (the last one may have none), made harmless by `clean`. */
export async function* buildLog(
  world: PluginWorld,
  key: ObjectKey,
  { follow, timestamps, build, tail, sinceSeconds }: LogRequest,
  { signal, clean }: { readonly signal: AbortSignal; readonly clean: (line: string) => string },
): AsyncGenerator<string> {
  const path = withQuery(resourcePath(CoderWorkspaces, { ...key, subresource: "log" }), {
    follow: follow ? true : undefined,
    timestamps: timestamps ? true : undefined,
    build,
    tailLines: tail,
    sinceSeconds,
  });
  const pieces = await world.stream(path, `log of ${key.name}`, callOptions(world, signal));
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines.map((line) => `${clean(line)}\n`).join("");
  }
  rest += decoder.decode();
  if (rest !== "") yield clean(rest);
}

/** For pipes and files: as it is. */
export function asItIs(line: string): string {
  return line;
}

const OTHER_CONTROLS =
  // deno-lint-ignore no-control-regex -- what tells a terminal what to do is what is looked for
  /\u001b(?!\[[0-9;]*m)(?:\[[0-?]*[ -/]*[@-~]?)?|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** For terminals: colours stay, whatever else would move or ask something of a terminal goes. */
export function harmless(line: string): string {
  return line.toWellFormed().replace(OTHER_CONTROLS, "");
}
