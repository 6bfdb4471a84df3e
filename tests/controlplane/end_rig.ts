/** The end of a control plane on a fake Coder in this process, in time that tests move. */
import { ActionRig } from "../actions/rig.ts";
import { addTemplate } from "../fake-coder/mod.ts";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import { parseControlPlane } from "../../src/api/control_plane.ts";
import { controlledBy } from "../../src/reconciler/testing/fakes.ts";
import type { Deployment } from "../../src/api/kubernetes/types.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { conditionOf, type ConditionUpdate } from "../../src/workload/conditions.ts";
import { VisitResults } from "../../src/controlplane/coder/results.ts";
import type { Visit, VisitStep, VisitTools } from "../../src/controlplane/coder/visit.ts";
import { endPass, type EndTools } from "../../src/controlplane/end_pass.ts";
import { RBAC_FINALIZER } from "../../src/controlplane/finalizer.ts";
import { Report } from "../../src/controlplane/report.ts";
import { storedControlPlane } from "../../src/controlplane/testing.ts";
import { contentsFirst } from "../../src/controlplane/deletion/contents_first.ts";
import { CONTENTS } from "../../src/controlplane/deletion/policy.ts";

export const SECRET = "hunter2";

/** `a/coder`, which is being deleted, and in its Coder the template `docker`. */
export class EndRig {
  readonly coder = new ActionRig();
  object: CoderControlPlane;
  /** The Deployment of Coder's pods. */
  deployment: Deployment | undefined;
  /** What the Secret holds; undefined where there is none. */
  token: string | undefined = "token-of-the-operator";
  /** Whether the finalizer is still there. */
  isHeld = true;
  /** How often the operator's access was ended. */
  revoked = 0;
  readonly events: string[] = [];
  /** Statuses that were written. */
  writes = 0;
  results = new VisitResults();
  #step = this.#newStep();
  #waiting: { results: VisitResults; step: VisitStep } | undefined;

  constructor(annotations: Record<string, string>) {
    this.object = storedControlPlane({}, {
      annotations,
      finalizers: [RBAC_FINALIZER],
      deletionTimestamp: new Date(this.coder.now).toISOString(),
    });
    this.deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "coder", namespace: "a", ownerReferences: controlledBy(this.object) },
    } as Deployment;
  }

  annotate(annotations: Record<string, string>): void {
    this.object = { ...this.object, metadata: { ...this.object.metadata, annotations } };
  }

  template(name: string): void {
    addTemplate(this.coder.state, name);
  }

  /** Workspaces and templates that are there. */
  get contents(): string[] {
    const { workspaces, templates } = this.coder.state;
    return [...workspaces.filter((one) => one["deleted"] !== true), ...templates].map((one) =>
      String(one["name"])
    );
  }

  /** Another process goes on. */
  restart(): void {
    this.results = new VisitResults();
    this.#step = this.#newStep();
  }

  /** Who has been the leader before goes on, knowing nothing of what was done since; the one of now waits. */
  swap(): void {
    const { results } = this;
    const step = this.#step;
    const waiting = this.#waiting;
    if (waiting === undefined) this.restart();
    else {
      this.results = waiting.results;
      this.#step = waiting.step;
    }
    this.#waiting = { results, step };
  }

  /** What visits and passes do between them, in turn, every few seconds. */
  async run(seconds: number, between: () => void = () => {}): Promise<void> {
    const end = this.coder.now + seconds * 1_000;
    while (this.isHeld && this.coder.now < end) {
      await this.pass();
      if (!this.isHeld) return;
      await this.visit();
      between();
      this.coder.now += 3_000;
    }
  }

  /** As the controller of visits does it. */
  async visit(): Promise<void> {
    const { object } = this;
    const report: Visit["report"] = new Report();
    const visit = {
      key: { namespace: "a", name: "coder" },
      object,
      controlPlane: parseControlPlane(object),
      signal: new AbortController().signal,
      log: silentLogger,
      report,
      client: () => this.coder.client,
    } as unknown as Visit;
    let message = "";
    try {
      await this.#step.end?.(visit, this.#tools() as unknown as VisitTools);
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    const { conditions } = report.data();
    this.results.setEnded("uid-1", {
      done: message === "",
      message,
      ...(conditions.length > 0 && { conditions }),
    });
  }

  /** Seconds after which it looks again; undefined where it needs not. */
  async pass(): Promise<number | undefined> {
    const result = await endPass(
      this.object,
      { ...this.#tools(), results: this.results } as unknown as EndTools,
      {
        signal: new AbortController().signal,
      },
    );
    return result?.requeueAfterMs === undefined ? undefined : result.requeueAfterMs / 1_000;
  }

  /** `True/Deleting`, or `absent`. */
  get condition(): string {
    const said = conditionOf(this.object.status?.conditions, CONTENTS);
    return said === undefined ? "absent" : `${said.status}/${said.reason}`;
  }

  get message(): string {
    return conditionOf(this.object.status?.conditions, CONTENTS)?.message ?? "";
  }

  /** What the last visit said. */
  get update(): ConditionUpdate | undefined {
    return this.results.ended("uid-1")?.conditions?.[0];
  }

  #newStep(): VisitStep {
    return contentsFirst({
      name: "Access",
      run: () => Promise.resolve(),
      end: () => Promise.resolve(void this.revoked++),
    });
  }

  #tools() {
    const call = { method: "GET", path: "/" };
    const client = {
      get: () =>
        this.token === undefined
          ? Promise.reject(new KubeApiError(404, "NotFound", "no such Secret", call))
          : Promise.resolve({
            metadata: { name: "coder-operator-token", ownerReferences: controlledBy(this.object) },
            data: { token: btoa(this.token) },
          }),
      update: (_type: unknown, object: CoderControlPlane) => {
        this.writes++;
        return Promise.resolve(this.object = object);
      },
      list: () => Promise.resolve({ items: [], resourceVersion: "1" }),
      patch: () => Promise.resolve(this.isHeld = false),
    } as unknown as KubeClient;
    return {
      client,
      namespaces: [],
      kinds: {
        controlPlanes: { get: () => this.object, observe: () => {} },
        deployments: { get: () => this.deployment },
      },
      events: {
        event: (_object: unknown, type: string, reason: string, note: string) =>
          void this.events.push(`${type} ${reason}: ${note}`),
      },
      redact: (text: string) => text.replaceAll(SECRET, "…"),
      keepSecret: () => {},
      now: () => new Date(this.coder.now),
    };
  }
}
