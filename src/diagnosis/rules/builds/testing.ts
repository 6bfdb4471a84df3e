/** Facts about a workspace, for tests. */
import assert from "node:assert/strict";
import type { CoderWorkspace } from "../../../api/workspace.ts";
import type { AgentFacts, BuildFacts, DaemonFacts } from "../../coder_facts.ts";
import type { Facts, FactTypes } from "../../facts.ts";
import type { Seen } from "../../seen.ts";
import { NOW } from "../../testing.ts";
import type { Evidence, Finding, NextStep, Rule } from "../../types.ts";

/** What most of these workspaces are. */
export const ID = "0f1e2d3c-4b5a-4678-9abc-def012345678";
export const TAGS = { scope: "organization", owner: "", env: "gpu" };

/** So many seconds before now, RFC 3339. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1_000).toISOString().replace(".000", "");
}

/** A connected agent. */
export function agent(fields: Partial<AgentFacts> = {}): AgentFacts {
  return {
    id: "a0000000-0000-4000-8000-000000000001",
    name: "main",
    status: "connected",
    lifecycle: "ready",
    health: { healthy: true, reason: "" },
    createdAt: ago(600),
    firstConnectedAt: ago(590),
    lastConnectedAt: ago(5),
    apps: [{ slug: "code", health: "healthy" }],
    ...fields,
  };
}

type Job = Partial<BuildFacts["job"]>;

/** Build 4, a start that runs. */
export function build(
  { job = {}, workspace = {}, ...fields }:
    & Partial<Omit<BuildFacts, "job" | "workspace">>
    & { readonly job?: Job; readonly workspace?: Partial<BuildFacts["workspace"]> } = {},
): BuildFacts {
  return {
    id: "b0000000-0000-4000-8000-000000000004",
    number: 4,
    transition: "start",
    status: "running",
    reason: "initiator",
    initiator: "ann",
    createdAt: ago(620),
    templateVersionId: "c0000000-0000-4000-8000-000000000001",
    templateVersionName: "v2",
    agents: [agent()],
    ...fields,
    job: {
      status: "succeeded",
      error: "",
      errorCode: "",
      tags: TAGS,
      createdAt: ago(620),
      startedAt: ago(619),
      completedAt: ago(601),
      workerName: "prov-1",
      queuePosition: 0,
      queueSize: 0,
      ...job,
    },
    workspace: {
      id: ID,
      name: "dev",
      ownerName: "ann",
      ownerId: "d0000000-0000-4000-8000-000000000001",
      organizationId: "e0000000-0000-4000-8000-000000000001",
      organizationName: "acme",
      templateId: "f0000000-0000-4000-8000-000000000001",
      templateName: "docker",
      outdated: false,
      templateRequiresActiveVersion: false,
      lastUsedAt: ago(60),
      ...workspace,
    },
  };
}

/** A build whose job waits since `seconds` ago. */
export function pending(seconds: number, job: Job = {}): BuildFacts {
  const since = ago(seconds);
  return build({
    status: "pending",
    createdAt: since,
    agents: [],
    job: { status: "pending", createdAt: since, startedAt: undefined, completedAt: undefined, ...job },
  });
}

/** A build that failed half a minute ago. */
export function failed(error: string, job: Job = {}): BuildFacts {
  return build({
    status: "failed",
    agents: [],
    job: { status: "failed", error, completedAt: ago(30), ...job },
  });
}

/** A connected daemon that would take builds with `TAGS`. */
export function daemon(fields: Partial<DaemonFacts> = {}): DaemonFacts {
  return {
    name: "prov-1",
    status: "idle",
    tags: TAGS,
    keyName: "gpu",
    version: "v2.30.0",
    apiVersion: "1.11",
    lastSeenAt: ago(2),
    ...fields,
  };
}

/** The aggregated object, running. */
export function object(
  status: Partial<CoderWorkspace["status"]> = {},
  spec: Partial<CoderWorkspace["spec"]> = {},
): CoderWorkspace {
  return {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: {
      namespace: "lab",
      name: "acme.ann.dev",
      uid: ID,
      labels: { "aggregation.coder.com/control-plane-name": "coder" },
    },
    spec: { organization: "acme", templateName: "docker", running: true, ...spec },
    status: {
      id: ID,
      ownerName: "ann",
      latestBuildStatus: "running",
      lastUsedAt: null,
      latestBuild: { number: 4, transition: "start", createdAt: ago(620), completedAt: ago(601) },
      ...status,
    },
  };
}

/** A condition that tells of a refused change. */
export function refused(message: string): Partial<CoderWorkspace["status"]> {
  return {
    conditions: [{
      type: "ChangePending",
      status: "False",
      reason: "Refused",
      message,
      lastTransitionTime: ago(90),
    }],
  };
}

/** Facts in which these were seen, and nothing else. */
export function seen(values: Partial<FactTypes>): Facts {
  const facts = Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, Seen<unknown>] => [name, { state: "seen", value }]),
  );
  return { ...facts, subject: { kind: "workspace", namespace: "lab", name: "acme.ann.dev" }, now: NOW };
}

/** One that nobody could read. */
export const UNREAD: Seen<never> = {
  state: "unread",
  what: "look at it",
  kind: "forbidden",
  why: "you may not",
};

/** The one finding of a rule. */
export function only(rule: Rule, facts: Facts): Finding {
  const findings = rule.find(facts);
  assert.equal(findings.length, 1, `${findings.length} findings: ${findings.map(({ cause }) => cause)}`);
  return findings[0] as Finding;
}

/** Evidence as `source, at time: quote`. */
export function quotes({ evidence }: { readonly evidence: readonly Evidence[] }): string[] {
  return evidence.map(({ source, at, quote }) => `${source}${at === undefined ? "" : `, ${at}`}: ${quote}`);
}

/** Commands and calls, in their order. */
export function steps({ next }: { readonly next: readonly NextStep[] }): string[] {
  return next.map(({ text, command, tool }) =>
    [text, command, tool && `${tool.name} ${JSON.stringify(tool.arguments)}`].filter((word) => word).join(
      " | ",
    )
  );
}

/** Says nothing of what is well, of what nobody looked at, and of what could not be read. */
export function assertQuiet(rule: Rule, ...more: readonly Facts[]): void {
  const nothing = seen({});
  const unread = Object.fromEntries(rule.needs.map((name) => [name, UNREAD]));
  const well = seen({
    workspace: object(),
    build: build(),
    buildLog: [],
    agentLog: [],
    daemons: [daemon()],
    provisioners: [],
    jobs: [],
    pods: [],
  });
  for (const facts of [nothing, { ...nothing, ...unread } as Facts, well, ...more]) {
    assert.deepEqual(rule.find(facts), []);
  }
}
