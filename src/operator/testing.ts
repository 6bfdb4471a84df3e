/** A kind that runs pods and is nobody's, for tests of what all kinds share. */
import type { Deployment, DeploymentStatus } from "../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../api/object.ts";
import { type Applier, type ApplyOptions, type ApplyOutcome, ForeignObjectError } from "../kube/applier.ts";
import { KubeApiError } from "../kube/errors.ts";
import type { EventRecorder } from "../kube/events/events.ts";
import type { Informer } from "../kube/informer.ts";
import { make, WIDGET } from "../reconciler/testing/fakes.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { FakeClock } from "../telemetry/testing/fake_clock.ts";
import type { ConditionWords } from "./pass/conditions.ts";
import { type StepFailure, stepFailure } from "./pass/failure.ts";
import { Report, type ReportData } from "./pass/report.ts";
import type { BaseStatus } from "./pass/status.ts";
import type { PassState } from "./pass/step.ts";
import type { Visit, VisitStep, VisitTools } from "./visit/visit.ts";

/** What parts of a pass, and visits, say of a widget. */
export interface WidgetSays {
  version?: string | undefined;
  tier?: string | undefined;
  internalURL?: string | undefined;
  externalURL?: string | undefined;
}

export interface Widget extends KubeObject {
  spec?: Record<string, unknown>;
  status?: BaseStatus & WidgetSays;
}

export const Widgets: ResourceType<Widget> = WIDGET as ResourceType<Widget>;

/** A visit for a widget. */
export type WidgetVisit = Visit<Widget, WidgetSays>;
export type WidgetVisitStep = VisitStep<WidgetVisit, VisitTools>;

export const KEY: ObjectKey = { namespace: "a", name: "w" };
/** The widget's children are called otherwise than itself. */
export const CHILD: ObjectKey = { namespace: "a", name: "w-pods" };

/** As the API server would have it, as {@linkcode KEY}. */
export function widget(
  spec: Record<string, unknown> = {},
  extra: Partial<KubeObject["metadata"]> = {},
): Widget {
  return { ...make(WIDGET, KEY.name, { namespace: KEY.namespace, uid: "uid-1", ...extra }), spec };
}

/** A pass over a widget. Its informer remembers nothing unless another one is given. */
export function widgetPass(
  given: Partial<PassState<Widget, WidgetSays>> & {
    informer?: Pick<Informer<Widget>, "get" | "observe">;
  } = {},
): PassState<Widget, WidgetSays> {
  const { informer = { get: () => undefined, observe: () => {} }, ...rest } = given;
  return {
    key: KEY,
    kind: { type: Widgets, informer, noun: "widget" },
    object: widget(),
    deploymentKey: CHILD,
    signal: new AbortController().signal,
    log: silentLogger,
    report: new Report<WidgetSays>(),
    ...rest,
  };
}

/** An applier that notes what it is asked. */
export class FakeApplier implements Applier {
  /** Everything in order, as `apply Service a/w-pods`. */
  readonly done: string[] = [];
  readonly applied: { readonly desired: KubeObject; readonly options: ApplyOptions }[] = [];
  outcome: ApplyOutcome = "unchanged";
  /** What is thrown in place of an answer. */
  refuse: unknown;
  /** Put over what is applied: what the server has beside. */
  live: Record<string, unknown> = {};
  /** As `Kind namespace/name`: what is there and ours. */
  readonly owned = new Set<string>();

  apply<T extends KubeObject>(type: ResourceType<T>, desired: T, options: ApplyOptions = {}) {
    this.done.push(`apply ${type.kind} ${keyText(keyOf(desired))}`);
    if (this.refuse !== undefined) return Promise.reject(this.refuse);
    this.applied.push({ desired, options });
    return Promise.resolve({ object: { ...desired, ...this.live }, outcome: this.outcome });
  }

  deleteOwned(type: ResourceType, key: ObjectKey) {
    const what = `${type.kind} ${keyText(key)}`;
    this.done.push(`delete ${what}`);
    return Promise.resolve(this.owned.delete(what));
  }
}

/** Notes Events, as `Normal Created: Created Service w`. */
export class EventLog implements EventRecorder {
  readonly lines: string[] = [];
  event(_object: KubeObject, type: string, reason: string, note: string): void {
    this.lines.push(`${type} ${reason}: ${note}`);
  }
}

/** A Deployment of ours. */
export function deployment(status: DeploymentStatus = {}, replicas = 1): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 1, annotations: { "coder.com/template-inputs": "i" } },
    spec: { replicas, selector: {}, template: {} },
    status: { observedGeneration: 1, ...status },
  };
}

/** Its one pod runs. */
export const RUNNING: Deployment = deployment({
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  conditions: [{ type: "Available", status: "True" }],
});

const failure = (step: string, error: unknown): StepFailure => stepFailure(step, error, (text) => text);
const call = { method: "PATCH", path: "/" };

/** Failures of steps: what they need differs. */
export const FAILURES = {
  foreign: failure("Service", new ForeignObjectError("not ours", "services", KEY, "uncontrolled")),
  unavailable: failure("Deployment", new KubeApiError(503, "", "away", call)),
  lostRace: failure("Deployment", new KubeApiError(409, "Conflict", "c", call)),
};

/** How conditions speak of widgets. */
export const WORDS: ConditionWords = {
  running: "The widget works",
  noun: "widget",
  resource: "widgets.example.com",
  purpose: "do what widgets do",
  explainsStuck: "KnownReason",
};

/** Visits for one widget, in time that tests move. */
export class VisitRig {
  readonly clock = new FakeClock();
  uid = "uid-1";
  /** The wait that the last visit asked for, in milliseconds; undefined where it asked for none. */
  lookAgainMs: number | undefined;

  constructor(readonly random: () => number = () => 0.5) {}

  /** One visit; what it said. */
  async visit(
    steps: readonly WidgetVisitStep[],
    signal = new AbortController().signal,
  ): Promise<ReportData<WidgetSays>> {
    const report = new Report<WidgetSays>();
    const visit = { key: KEY, object: widget({}, { uid: this.uid }), signal, log: silentLogger, report };
    const tools = {
      redact: (text: string) => text.replaceAll("hunter2", "…"),
      now: () => new Date(this.clock.now()),
      random: this.random,
    } as unknown as VisitTools;
    for (const step of steps) await step.run(visit, tools);
    this.lookAgainMs = report.lookAgainMs;
    return report.data();
  }
}
