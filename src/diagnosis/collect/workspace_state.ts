/** What is looked at for a workspace, by the state that it is in. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import { CoderProvisioners } from "../../api/provisioner.ts";
import { CoderWorkspaces } from "../../api/workspace.ts";
import { selectorText, standardLabels } from "../../workload/labels.ts";
import { saysNoQuota } from "../build_log.ts";
import { readAgentLog, readBuildLog, readDaemons, readJobs, readQuota, readVersion } from "../coder/mod.ts";
import { number, record, text, texts } from "../foreign.ts";
import type { CoderReader, Looker } from "../look.ts";
import { isAbsent, valueOf } from "../seen.ts";
import type { WorkspaceView } from "../workspace_view.ts";
import { permitted } from "./permitted.ts";
import { collectDeploymentPods, collectWorkspacePods } from "./pods.ts";

/** A build that takes this long is worth a look into its log, in milliseconds. */
const LONG_BUILD_MS = 60_000;

/** Where more can be asked. */
export interface Ways {
  /** For what who sees the workspace may see. */
  readonly coder: () => Promise<CoderReader>;
  readonly planes: readonly CoderControlPlane[];
}

/** Provisioners of builds that wait, logs of those that failed or take long, pods and agents of those that run. */
export async function lookFurther(looker: Looker, view: WorkspaceView, ways: Ways): Promise<void> {
  const build = valueOf(looker.facts().build);
  switch (view.status) {
    case "pending":
      await Promise.all([lookForProvisioners(looker, view, ways), lookForPods(looker, view, ways)]);
      return;
    case "failed":
    case "canceled":
      await Promise.all([lookAtFailure(looker, view, ways), lookForPods(looker, view, ways)]);
      return;
    case "running":
      await Promise.all([lookForPods(looker, view, ways), lookAtScripts(looker, view, ways)]);
      return;
    case "starting":
    case "stopping":
    case "canceling":
    case "deleting": {
      const begun = Date.parse(view.build.startedAt || view.build.createdAt);
      const isLong = looker.world.now() - begun > LONG_BUILD_MS;
      await Promise.all([
        isLong && build !== undefined ? lookAtLog(looker, build.id, ways) : undefined,
        view.build.transition === "start" ? lookForPods(looker, view, ways) : undefined,
      ]);
    }
  }
}

async function lookForProvisioners(looker: Looker, view: WorkspaceView, { coder }: Ways): Promise<void> {
  const { namespace } = looker.subject;
  const provisioners = looker.look(
    "provisioners",
    `list coderprovisioners in ${namespace}`,
    () => looker.list(CoderProvisioners, { namespace }),
  );
  const organization = organizationOf(looker, view);
  const { group, plural: resource } = CoderProvisioners;
  const provisionerReader = () => permitted(looker, coder(), { verb: "list", group, resource, namespace });
  if (organization !== "" && valueOf(looker.facts().build) !== undefined) {
    await Promise.all([
      looker.look(
        "daemons",
        `list provisioner daemons of ${view.organization}`,
        async () => await readDaemons(await provisionerReader(), organization),
      ),
      looker.look(
        "jobs",
        `list provisioner jobs of ${view.organization}`,
        async () => await readJobs(await provisionerReader(), organization),
      ),
    ]);
  }
  await provisioners;
}

async function lookAtFailure(looker: Looker, view: WorkspaceView, ways: Ways): Promise<void> {
  const build = valueOf(looker.facts().build);
  if (build === undefined) return;
  const { coder } = ways;
  const version = build.templateVersionId;
  const [log] = await Promise.all([
    lookAtLog(looker, build.id, ways),
    version === undefined ? undefined : looker.look(
      "templateVersion",
      "get the template version of the build from Coder",
      async () => await readVersion(await logReader(looker, coder), version),
    ),
  ]);
  if (saysNoQuota(build, valueOf(log))) {
    const { ownerId } = build.workspace;
    await looker.look(
      "quota",
      "get the quota of the owner from Coder",
      async () => await readQuota(await coder(), organizationOf(looker, view), ownerId),
    );
  }
}

/** What was written in a build is more than how the workspace is. */
async function logReader(looker: Looker, coder: Ways["coder"]): Promise<CoderReader> {
  const { namespace, name } = looker.subject;
  const { group, plural: resource } = CoderWorkspaces;
  return await permitted(looker, coder(), {
    verb: "get",
    group,
    resource,
    subresource: "log",
    namespace,
    name,
  });
}

async function lookAtLog(looker: Looker, build: string, { coder }: Ways) {
  return await looker.look(
    "buildLog",
    "read the log of the build from Coder",
    async () => await readBuildLog(await logReader(looker, coder), build),
  );
}

/** Of the first agent whose scripts failed: what the others say is much the same. */
async function lookAtScripts(looker: Looker, { agents }: WorkspaceView, { coder }: Ways): Promise<void> {
  const agent = agents.find(({ id, lifecycle }) =>
    id !== undefined && (lifecycle === "start_error" || lifecycle === "start_timeout")
  );
  if (agent === undefined) return;
  await looker.look(
    "agentLog",
    `read the log of agent ${agent.name} from Coder`,
    async () => await readAgentLog(await logReader(looker, coder), agent),
  );
}

/** Whether Coder itself is up, where it does not answer: its own pods, or else the workspace's. */
export async function lookAtHome(looker: Looker): Promise<void> {
  const { metadata } = record(valueOf(looker.facts().controlPlane));
  const name = text(record(metadata)["name"]);
  const { namespace } = looker.subject;
  if (name === "") return;
  const deployment = await looker.look(
    "deployment",
    `get Deployment ${namespace}/${name}`,
    () => looker.get(Deployments, { namespace, name }),
  );
  const ready = number(record(record(valueOf(deployment))["status"])["readyReplicas"]);
  if (ready > 0 || (deployment.state !== "seen" && !isAbsent(deployment))) return;
  const labelSelector = selectorText(standardLabels("coder-control-plane", name));
  await collectDeploymentPods(looker, { namespace, deployment: name, labelSelector });
}

async function lookForPods(looker: Looker, { id }: WorkspaceView, { planes }: Ways): Promise<void> {
  // Those of a Coder that is down came first.
  if (looker.facts().pods !== undefined) return;
  const wanted = planes.flatMap((plane) =>
    texts(record(record(record(plane)["spec"])["rbac"])["workspaceNamespaces"])
  );
  const namespaces = new Set([looker.subject.namespace, ...wanted]);
  await collectWorkspacePods(looker, id, [...namespaces]);
}

function organizationOf(looker: Looker, { organization }: WorkspaceView): string {
  return text(valueOf(looker.facts().build)?.workspace.organizationId) || organization;
}
