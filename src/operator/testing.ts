/** A kind that runs pods and is nobody's, for tests of what all kinds share. */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { Informer } from "../kube/informer.ts";
import { make, WIDGET } from "../reconciler/testing/fakes.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { Report } from "./pass/report.ts";
import type { BaseStatus } from "./pass/status.ts";
import type { PassState } from "./pass/step.ts";

/** What parts of a pass say of a widget. */
export interface WidgetSays {
  internalURL?: string | undefined;
  externalURL?: string | undefined;
}

export interface Widget extends KubeObject {
  spec?: Record<string, unknown>;
  status?: BaseStatus & WidgetSays;
}

export const Widgets: ResourceType<Widget> = WIDGET as ResourceType<Widget>;

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
