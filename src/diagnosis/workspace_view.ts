/** A workspace as rules and its state see it: Coder's own record, and what the aggregated object says where that is unread. */
import { CONTROL_PLANE_NAME_LABEL } from "../api/aggregated.ts";
import type { AgentFacts, BuildFacts } from "./coder_facts.ts";
import type { Facts } from "./facts.ts";
import { list, number, record, text } from "./foreign.ts";
import { valueOf } from "./seen.ts";

export interface WorkspaceView {
  readonly namespace: string;
  readonly name: string;
  /** `lab/acme.ann.dev` */
  readonly ref: string;
  /** As Coder's own command takes it: `ann/dev`. Empty where it is not known. */
  readonly coderName: string;
  readonly organization: string;
  readonly owner: string;
  readonly template: string;
  /** The aggregated object of the template, as it is named by default. */
  readonly templateObject: string;
  readonly controlPlane: string;
  readonly id: string;
  /** Its page in Coder; empty where it is not known. */
  readonly page: string;
  /** Of the latest build: `pending`, `starting`, `running`, `stopping`, `stopped`, `failed`, `canceling`, … */
  readonly status: string;
  readonly dormantAt: string;
  readonly deletingAt: string;
  readonly agents: readonly AgentFacts[];
  readonly build: {
    readonly number: number;
    readonly transition: string;
    readonly reason: string;
    readonly initiator: string;
    readonly createdAt: string;
    readonly startedAt: string;
    readonly endedAt: string;
    readonly canceledAt: string;
    readonly versionId: string;
    readonly versionName: string;
    readonly error: string;
    readonly errorCode: string;
  };
  /** A change that was refused after it had waited. */
  readonly refusal?: { readonly at: string; readonly message: string } | undefined;
}

/** Undefined where neither Coder nor the aggregated object could be read. */
export function workspaceView(facts: Facts): WorkspaceView | undefined {
  const build = valueOf(facts.build);
  const object = valueOf(facts.workspace);
  if (build === undefined && object === undefined) return undefined;
  const { namespace, name } = facts.subject;
  const kept = objectView(object);
  const coder = build === undefined ? undefined : coderView(build);
  const organization = coder?.organization || kept.organization;
  const owner = coder?.owner || kept.owner;
  const template = coder?.template || kept.template;
  const last = name.split(".").at(-1) ?? name;
  const coderName = build?.workspace.name || last;
  return {
    ...kept,
    ...coder,
    namespace,
    name,
    ref: `${namespace}/${name}`,
    coderName: owner === "" ? "" : `${owner}/${coderName}`,
    organization,
    owner,
    template,
    // Where names begin with a control plane's, those of its templates do.
    templateObject: [...name.split(".").slice(0, -3), organization, template].join("."),
    controlPlane: kept.controlPlane,
    id: coder?.id || kept.id,
    refusal: kept.refusal,
  };
}

function coderView({ job, workspace, ...build }: BuildFacts) {
  return {
    organization: workspace.organizationName,
    owner: workspace.ownerName,
    template: workspace.templateName,
    id: workspace.id,
    status: build.status,
    dormantAt: workspace.dormantAt ?? "",
    deletingAt: workspace.deletingAt ?? "",
    agents: build.agents,
    build: {
      number: build.number,
      transition: build.transition,
      reason: build.reason,
      initiator: build.initiator,
      createdAt: build.createdAt ?? job.createdAt ?? "",
      startedAt: job.startedAt ?? "",
      endedAt: job.completedAt ?? "",
      canceledAt: job.canceledAt ?? "",
      versionId: build.templateVersionId ?? "",
      versionName: build.templateVersionName ?? "",
      error: job.error,
      errorCode: job.errorCode,
    },
  };
}

function objectView(object: unknown) {
  const { metadata, spec: wanted, status: seen } = record(object);
  const spec = record(wanted);
  const status = record(seen);
  const build = record(status["latestBuild"]);
  const labels = record(record(metadata)["labels"]);
  const refused = list(status["conditions"]).map(record).find(({ type, reason, status }) =>
    type === "ChangePending" && reason === "Refused" && status === "False"
  );
  return {
    organization: text(status["organizationName"]) || text(spec["organization"]),
    owner: text(status["ownerName"]),
    template: text(spec["templateName"]) || text(status["templateName"]),
    controlPlane: text(labels[CONTROL_PLANE_NAME_LABEL]),
    id: text(status["id"]) || text(record(metadata)["uid"]),
    page: text(status["accessURL"]),
    status: text(status["latestBuildStatus"]),
    dormantAt: text(status["dormantAt"]),
    deletingAt: text(status["deletingAt"]),
    agents: list(status["agents"]).map(record).filter((agent) => text(agent["parentID"]) === "").map((
      agent,
    ): AgentFacts => ({
      id: text(agent["id"]) || undefined,
      name: text(agent["name"]),
      status: text(agent["status"]),
      lifecycle: text(agent["lifecycleState"]),
      health: { healthy: agent["healthy"] === true, reason: text(agent["reason"]) },
      apps: list(agent["apps"]).map(record).map((app) => ({
        slug: text(app["slug"]),
        health: text(app["health"]),
      })),
    })),
    build: {
      number: number(build["number"]),
      transition: text(build["transition"]),
      reason: text(build["reason"]),
      initiator: text(build["initiatorName"]),
      createdAt: text(build["createdAt"]),
      startedAt: "",
      endedAt: text(build["completedAt"]),
      canceledAt: "",
      versionId: text(spec["templateVersionID"]),
      versionName: text(build["templateVersionName"]),
      error: text(build["error"]),
      errorCode: text(build["errorCode"]),
    },
    refusal: refused === undefined
      ? undefined
      : { at: text(refused["lastTransitionTime"]), message: text(refused["message"]) },
  };
}
