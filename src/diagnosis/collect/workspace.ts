/** What is looked at for a workspace. */
import { type CoderControlPlane, CoderControlPlanes } from "../../api/control_plane.ts";
import { CoderWorkspaces } from "../../api/workspace.ts";
import { within } from "../../caller/within.ts";
import { readBuild } from "../coder/mod.ts";
import { record } from "../foreign.ts";
import type { CoderQuestion, Looker } from "../look.ts";
import { isAbsent, isUnread, valueOf } from "../seen.ts";
import { workspaceView } from "../workspace_view.ts";
import { permitted } from "./permitted.ts";
import { collectApiService } from "./platform.ts";
import { lookAtHome, lookFurther } from "./workspace_state.ts";

/** Nobody waits longer for the aggregated object before looking elsewhere, in milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Looks at the aggregated object, at Coder's own record of it, and at what its state asks for: provisioners of builds that
 * wait, logs of builds that failed or take long, pods and agents of those that run. At most 15 requests.
 */
export async function collectWorkspace(looker: Looker, { patienceMs = PATIENCE_MS } = {}): Promise<void> {
  const { namespace, name } = looker.subject;
  const key = { namespace, name };
  const getText = `get coderworkspace ${namespace}/${name}`;
  const getting = looker.look(
    "workspace",
    getText,
    () => looker.get(CoderWorkspaces, key),
  );
  const listing = looker.look(
    "controlPlanes",
    `list codercontrolplanes in ${namespace}`,
    () => looker.list(CoderControlPlanes, { namespace }),
  );
  const [object, listed] = await Promise.all([
    patiently(looker, patienceMs, getting),
    patiently(looker, patienceMs, listing),
  ]);
  // Who may not see it is told nothing of it.
  if (isUnread(object, "forbidden")) return;
  const service = object?.state === "seen" ? undefined : collectApiService(looker);
  if (isAbsent(object)) {
    await service;
    if (!isAbsent(looker.facts().apiService)) return;
    // Where nothing is served, that it is not there says nothing.
    const why = `the API group ${CoderWorkspaces.group} is not served in this cluster`;
    looker.set("workspace", { state: "unread", what: getText, kind: "notServed", why });
  }
  await Promise.all([service, lookAtCoder(looker, patienceMs, valueOf(listed) ?? [])]);
}

/** At Coder's own record, and further. */
async function lookAtCoder(
  looker: Looker,
  patienceMs: number,
  planes: readonly CoderControlPlane[],
): Promise<void> {
  const { namespace, name } = looker.subject;
  const kept = workspaceView(looker.facts());
  const names = namesIn(name);
  const plane = kept?.controlPlane || names?.controlPlane || undefined;
  keepControlPlane(looker, planes, plane);
  const question: CoderQuestion = {
    namespace,
    controlPlane: plane,
    need: { verb: "get", group: CoderWorkspaces.group, resource: CoderWorkspaces.plural, namespace, name },
  };
  // Whose workspaces somebody sees is for the aggregated API to say, where it does.
  const { group, plural: resource } = CoderWorkspaces;
  const toSeeAll = { verb: "all", group, resource, subresource: "others", namespace };
  const which = kept?.id ? { id: kept.id } : names;
  const coder = () => looker.coder(question);
  const ways = { coder, planes };
  const asking = which === undefined ? undefined : looker.look(
    "build",
    "get the workspace from Coder",
    async () =>
      await readBuild(kept === undefined ? await permitted(looker, coder(), toSeeAll) : await coder(), which),
  );
  const build = await patiently(looker, patienceMs, asking);
  if (build === undefined || isUnread(build, "unreachable") || isUnread(build, "timeout")) {
    await Promise.all([lookAtHome(looker), asking]);
  }
  const view = workspaceView(looker.facts());
  if (view !== undefined) await lookFurther(looker, view, ways);
}

/** What comes soon. Undefined: it is waited for no longer. */
async function patiently<T>(
  looker: Looker,
  ms: number,
  looking: Promise<T> | undefined,
): Promise<T | undefined> {
  return await within(looker.signal, ms, () => Promise.resolve(looking)).catch(() => undefined);
}

/** `[control plane.]organization.owner.workspace` */
function namesIn(name: string) {
  const parts = name.split(".");
  const [workspace, owner] = parts.toReversed();
  if (parts.length < 3 || parts.length > 4 || !workspace || !owner) return undefined;
  return { owner, name: workspace, controlPlane: parts.length === 4 ? parts[0] : undefined };
}

function keepControlPlane(
  looker: Looker,
  planes: readonly CoderControlPlane[],
  name: string | undefined,
): void {
  const found = name === undefined
    ? (planes.length === 1 ? planes[0] : undefined)
    : planes.find((plane) => record(plane.metadata)["name"] === name);
  if (found !== undefined) looker.set("controlPlane", { state: "seen", value: found });
}
