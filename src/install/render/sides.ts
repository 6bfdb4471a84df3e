/** Coordinator and workers are installed apart, and have to be told of each other. Pure. */
import { OverlayError } from "./catalog.ts";
import type { Variant } from "./variant.ts";

/** Of one of the two: what was asked for, and where the other one is. */
export type Side = Pick<Variant, "choice" | "namespace" | "otherNamespace">;

export function isWorkers({ choice }: Side): boolean {
  return choice.shape.startsWith("workers");
}

/** @throws {OverlayError} where both would be in one namespace */
export function checkApart({ namespace, otherNamespace }: Side): void {
  if (namespace !== otherNamespace) return;
  throw new OverlayError(
    `coordinator and workers cannot both be in ${namespace}: what makes sandboxes needs a namespace where pods may do ` +
      "anything, and nobody else may be there",
  );
}

/** The command that installs the other one so that it fits. Undefined where there is none. */
export function otherCommand({ choice, namespace, otherNamespace }: Side): string | undefined {
  const { other } = choice;
  if (other === undefined || otherNamespace === undefined) return undefined;
  const own = choice.shape.split("/")[0]!;
  return [
    `coder-k8s install --overlay=${other.shape}`,
    ...(otherNamespace === other.namespace ? [] : [`--namespace=${otherNamespace}`]),
    ...(namespace === choice.namespace ? [] : [`--${own}-namespace=${namespace}`]),
  ].join(" ");
}

/** What to do at the other one, where a namespace is not the usual one. */
export function otherNote(side: Side): string | undefined {
  const { choice, namespace, otherNamespace } = side;
  if (choice.other === undefined || otherNamespace === undefined) return undefined;
  if (namespace === choice.namespace && otherNamespace === choice.other.namespace) return undefined;
  const what = isWorkers(side)
    ? `these workers dial the coordinator in ${otherNamespace}, which must let in those of ${namespace}`
    : `this coordinator lets in workers of ${otherNamespace}, which must dial it in ${namespace}`;
  return `${what}: ${otherCommand(side)}`;
}
