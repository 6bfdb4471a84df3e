/** A control plane, its Deployment and its Jobs in memory, with passes over them. For tests alone. */
import {
  type CoderControlPlane,
  type ControlPlaneStatus,
  parseControlPlane,
} from "../../api/control_plane.ts";
import type { Deployment, Job, Pod } from "../../api/kubernetes/types.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { conditionOf, withConditions } from "../../workload/conditions.ts";
import { Report, type ReportData } from "../report.ts";
import type { Pass, Tools } from "../step.ts";
import { passKind, storedControlPlane } from "../testing.ts";
import type { RolloutSettings } from "../../workload/deployment.ts";
import { rolloutParts } from "./rollout_parts.ts";
import type { Migration } from "./schema.ts";
import { ROLLOUT_ANNOTATION, rolloutState } from "./rollout_state.ts";
import { type DeploymentLook, deploymentOf } from "./testing.ts";
import { upgradeStep } from "./upgrade_step.ts";

/** What goes wrong in a pass. */
export type Fault = "job" | "deployment" | "status";

/** See the file's head. */
export class World {
  spec: NonNullable<CoderControlPlane["spec"]> = {};
  annotations: Record<string, string> = {};
  status: ControlPlaneStatus = {};
  /** What Coder said in this process. */
  said: string | undefined;
  /** What the last visit read in the database. */
  migration: Migration | undefined;
  /** A visit is still to come. */
  visitDue = false;
  look: DeploymentLook | undefined;
  deploymentUid = "deployment-1";
  jobs: Job[] = [];
  pods: Pod[] = [];
  now = Date.parse("2026-01-01T00:00:00Z");
  readonly events: string[] = [];
  readonly deleted: string[] = [];
  /** Of the last pass. */
  report: ReportData = new Report().data();
  parts: RolloutSettings = {};
  lookAgainMs: number | undefined;
  /** What the last pass rendered. */
  image = "";
  refusal: unknown;
  /** Of the operator's process. */
  step = upgradeStep();
  #created = 0;

  /** Everything else that shapes the pods. */
  env = 0;

  get object(): CoderControlPlane {
    return {
      ...storedControlPlane(this.spec, { annotations: this.annotations, generation: 1 }),
      status: this.status,
    };
  }

  get deployment(): Deployment | undefined {
    if (this.look === undefined) return undefined;
    const deployment = deploymentOf(this.look);
    const { apiVersion, kind } = this.object;
    return {
      ...deployment,
      metadata: {
        ...deployment.metadata,
        uid: this.deploymentUid,
        ownerReferences: [{ apiVersion, kind, name: "coder", uid: "uid-1", controller: true }],
      },
    };
  }

  /** Asks whether the pass may apply this; throws what is wrong about it. */
  onApply: (image: string) => void = () => {};
  onJob: (job: Job) => void = () => {};

  /** One pass; a fault ends what it concerns. */
  async pass(fault?: Fault): Promise<void> {
    const { object } = this;
    const controlPlane = parseControlPlane(object);
    const report = new Report();
    const pass: Pass = {
      key: { namespace: "a", name: "coder" },
      object,
      controlPlane,
      signal: new AbortController().signal,
      log: silentLogger,
      report,
      ...passKind(),
      visit: this.said === undefined && this.migration === undefined ? undefined : {
        generation: 1,
        report: new Report().data(),
        version: this.said,
        reachable: true,
        ...(this.migration && { migration: this.migration }),
      },
      visitDue: this.visitDue,
    };
    const tools = this.#tools(fault);
    try {
      await this.step.run(pass, tools);
    } catch (error) {
      if (error !== FAULT && error !== this.refusal) throw error;
    }
    const image = pass.image ?? controlPlane.spec.image;
    const inputs = shortHash({ image, env: this.env });
    this.parts = await rolloutParts(pass, tools, inputs);
    this.image = image;
    if (fault !== "deployment") this.#apply(image, inputs, this.parts);
    this.report = report.data();
    this.lookAgainMs = report.lookAgainMs;
    if (fault !== "status") this.#write(this.report);
  }

  condition(): string | undefined {
    const found = conditionOf(this.status.conditions, "Upgrading");
    return found === undefined ? undefined : `${found.status}/${found.reason}`;
  }

  message(): string {
    return conditionOf(this.status.conditions, "Upgrading")?.message ?? "";
  }

  /** Ends the first backup that goes on. */
  endJob(end: "Complete" | "Failed"): void {
    const job = this.jobs.find(({ status }) => status === undefined);
    if (job !== undefined) {
      job.status = { conditions: [{ type: end, status: "True", reason: "Reason", message: "the message" }] };
    }
  }

  #apply(image: string, inputs: string, parts: RolloutSettings): void {
    this.onApply(image);
    const text = parts.annotations?.[ROLLOUT_ANNOTATION];
    const note = deploymentOf({ image });
    note.metadata.annotations = text === undefined ? {} : { [ROLLOUT_ANNOTATION]: text };
    const state = rolloutState(note);
    const { state: _state, paused: _paused, ...before } = this.look ?? { image: "", updated: 0 };
    const changed = before.image !== image || before.inputs !== inputs;
    const serving = Math.min(2, (before.updatedReady ?? before.updated ?? 0) + (before.old ?? 0));
    this.look = {
      ...before,
      ...(changed && { image, inputs, updated: 0, updatedReady: 0, old: serving, timedOut: false }),
      ...(state !== undefined && { state }),
      ...(parts.paused === true && { paused: true }),
    };
  }

  #write(data: ReportData): void {
    const status = { ...this.status, ...data.status };
    const moment = { generation: 1, now: new Date(this.now) };
    this.status = {
      ...Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined)),
      conditions: withConditions(status.conditions, data.conditions, data.absent, moment),
    };
  }

  #tools(fault: Fault | undefined): Tools {
    const { object } = this;
    const { apiVersion, kind } = object;
    const tools = {
      kinds: {
        deployments: { get: () => this.deployment },
        jobs: {
          list: () => this.jobs,
          observeDeleted: (job: Job) => void (this.jobs = this.jobs.filter((each) => each !== job)),
        },
      },
      applier: {
        apply: (_type: unknown, desired: Job) => {
          if (fault === "job") return Promise.reject(FAULT);
          if (this.refusal !== undefined) return Promise.reject(this.refusal);
          this.onJob(desired);
          const name = desired.metadata.name ?? "";
          const creationTimestamp = new Date(Date.parse("2026-01-01T00:00:00Z") + 1_000 * this.#created++)
            .toISOString();
          const ownerReferences = [{ apiVersion, kind, name: "coder", uid: "uid-1", controller: true }];
          const job = {
            ...desired,
            metadata: {
              ...desired.metadata,
              uid: `${name}-${this.#created}`,
              creationTimestamp,
              ownerReferences,
            },
          };
          this.jobs.push(job);
          return Promise.resolve({ object: job, outcome: "created" });
        },
      },
      client: {
        delete: (_type: unknown, { name }: { name: string }) => (this.deleted.push(name), Promise.resolve()),
        list: () => Promise.resolve({ items: this.pods, resourceVersion: "1" }),
      },
      envSources: { define: () => Promise.resolve(false) },
      events: {
        event: (_object: unknown, _type: string, reason: string, note: string) =>
          void this.events.push(`${reason}: ${note}`),
      },
      redact: (text: string) => text.replaceAll("SECRET", "***"),
      now: () => new Date(this.now),
    };
    return tools as unknown as Tools;
  }
}

const FAULT = new Error("the API server is away");
