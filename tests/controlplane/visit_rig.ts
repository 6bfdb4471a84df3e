/** Visits without Kubernetes: one control plane in memory, a fake Coder on real sockets, and time that tests move. */
import assert from "node:assert/strict";
import type { CoderControlPlane, ControlPlaneStatus } from "../../src/api/control_plane.ts";
import { keyText, type ObjectKey } from "../../src/api/object.ts";
import { createDeployments } from "../../src/coder/mod.ts";
import type { Visit, VisitStep, VisitTools } from "../../src/controlplane/coder/visit.ts";
import { Report, type ReportData } from "../../src/controlplane/report.ts";
import { controlPlane } from "../../src/controlplane/testing.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { PrometheusMetrics } from "../../src/telemetry/prometheus.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { FakeClock } from "../../src/telemetry/testing/fake_clock.ts";
import { conditionOf, withConditions } from "../../src/workload/conditions.ts";
import { type FakeCoder, type FakeCoderOptions, startFakeCoder } from "../fake-coder/mod.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
/** As the controller of visits has it. */
const LONGEST_MS = 600_000;

export interface VisitRigOptions extends FakeCoderOptions {
  spec?: CoderControlPlane["spec"];
  /** As an earlier process, or the Go operator, left it. */
  status?: ControlPlaneStatus;
  /** @default {Math.random} */
  random?: () => number;
}

/** The stand-in for the step `Access`: the rig's token, where there is one. */
export function accessStep(rig: VisitRig): VisitStep {
  return { name: "Access", run: (visit) => Promise.resolve(void (visit.token = rig.token)) };
}

/** One control plane `a/coder`, as visits see it. */
export class VisitRig implements AsyncDisposable {
  status: ControlPlaneStatus;
  spec: CoderControlPlane["spec"];
  uid = "uid-1";
  /** Pods are available. */
  ready = true;
  pods = "1";
  /** An owner's, as the step `Access` would give it. */
  token: string | undefined;
  /** Changes of the status that would have been written. */
  writes = 0;
  readonly events: string[] = [];
  readonly lines: string[] = [];
  readonly metrics = new PrometheusMetrics();
  readonly clock = new FakeClock();
  readonly redactor = new Redactor();
  /** Answers of Kubernetes to reads of Secrets, in place of what is stored. */
  secretsRefuse: unknown;
  secretReads = 0;
  /** Where Coder is looked for. */
  url: string;
  /** The wait that the last visit asked for, in milliseconds. */
  lookAgainMs = 0;
  readonly #secrets = new Map<string, { version: number; data: Record<string, string> }>();
  readonly #deployments;
  readonly #random: () => number;
  #versions = 0;

  constructor(readonly fake: FakeCoder, options: VisitRigOptions) {
    this.spec = options.spec;
    this.status = options.status ?? {};
    this.url = fake.url;
    this.#random = options.random ?? Math.random;
    this.#deployments = createDeployments({
      clock: this.clock,
      metrics: this.metrics,
      budget: { random: this.#random },
    });
  }

  /** Stores a Secret of namespace `a`; null deletes it. */
  secret(name: string, data: Record<string, string> | null): void {
    if (data === null) return void this.#secrets.delete(`a/${name}`);
    const encoded = Object.entries(data).map((
      [key, value],
    ) => [key, new TextEncoder().encode(value).toBase64()]);
    this.#secrets.set(`a/${name}`, { version: ++this.#versions, data: Object.fromEntries(encoded) });
  }

  /** Moves the operator's and the fake's time on. */
  advance(ms: number): void {
    this.clock.advanceSync(ms);
    this.fake.state.advance(ms);
  }

  tools(): VisitTools {
    const get = (_type: unknown, key: ObjectKey) => {
      this.secretReads++;
      if (this.secretsRefuse !== undefined) return Promise.reject(this.secretsRefuse);
      const secret = this.#secrets.get(keyText(key));
      const path = `/api/v1/namespaces/${key.namespace}/secrets/${key.name}`;
      return secret === undefined
        ? Promise.reject(new KubeApiError(404, "NotFound", "not found", { method: "GET", path }))
        : Promise.resolve({ metadata: { ...key }, data: secret.data });
    };
    const metadata = (key: ObjectKey) => {
      const secret = this.#secrets.get(keyText(key));
      return secret && { metadata: { ...key, uid: "s", resourceVersion: `${secret.version}` } };
    };
    return {
      client: { get },
      kinds: { secrets: { get: metadata } },
      events: {
        event: (_object: unknown, type: string, reason: string, note: string) =>
          void this.events.push(`${type} ${reason}: ${this.redactor.text(note)}`),
      },
      redact: (text: string) => this.redactor.text(text),
      keepSecret: (...secrets: string[]) => secrets.forEach((secret) => void this.redactor.add(secret)),
      now: () => new Date(START + this.clock.now()),
      random: this.#random,
    } as unknown as VisitTools;
  }

  /** One visit; what it said. The status is what the reconciler would make of it. */
  async visit(steps: readonly VisitStep[], signal = new AbortController().signal): Promise<ReportData> {
    const report = new Report();
    const stored = controlPlane(this.spec, { uid: this.uid });
    const object = { ...stored, status: this.status };
    const log = createLogger({
      level: "debug",
      write: (line) => void this.lines.push(line),
      redactor: this.redactor,
    });
    const visit: Visit = {
      key: { namespace: "a", name: "coder" },
      object: object as CoderControlPlane,
      controlPlane: object,
      signal,
      log,
      report,
      ready: this.ready,
      generationOfPods: this.pods,
      client: (token) => this.#deployments.client("a/coder", { url: this.url }, token),
      reachable: false,
    };
    for (const step of steps) await step.run(visit, this.tools());
    this.lookAgainMs = Math.min(report.lookAgainMs ?? LONGEST_MS, LONGEST_MS);
    const said = report.data();
    const next = Object.fromEntries(
      Object.entries({
        ...this.status,
        ...said.status,
        conditions: withConditions(this.status.conditions, said.conditions, said.absent, {
          generation: 1,
          now: this.tools().now(),
        }),
      }).filter(([, value]) => value !== undefined),
    ) as ControlPlaneStatus;
    if (!isSame(this.status, next)) this.writes++;
    this.status = next;
    return said;
  }

  /** Visits as the controller would, for so long. Returns how many there were. */
  async run(steps: readonly VisitStep[], ms: number): Promise<number> {
    let visits = 0;
    for (const end = this.clock.now() + ms; this.clock.now() < end;) {
      await this.visit(steps);
      visits++;
      this.advance(Math.min(this.lookAgainMs, end - this.clock.now()));
    }
    return visits;
  }

  /** `True/Applied`, or `absent`. */
  condition(type: string): string {
    const condition = conditionOf(this.status.conditions, type);
    return condition === undefined ? "absent" : `${condition.status}/${condition.reason}`;
  }

  message(type: string): string {
    return conditionOf(this.status.conditions, type)?.message ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#deployments.close();
    await this.fake[Symbol.asyncDispose]();
    this.fake.assertClean();
  }
}

/** Starts a rig with an owner's token; `await using` ends it and fails where a request broke the rules. */
export async function startVisitRig(options: VisitRigOptions = {}): Promise<VisitRig> {
  const { spec: _spec, status: _status, random: _random, ...fake } = options;
  const rig = new VisitRig(await startFakeCoder(fake), options);
  rig.token = rig.fake.state.addToken(rig.fake.state.addUser({ username: "operator", is_system: true }));
  return rig;
}

function isSame(a: unknown, b: unknown): boolean {
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
