/** Which Coder is meant. */
import type { Backend } from "../../inventory/mod.ts";
import type { CoderChoice, CoderRef } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";

/** What is needed of a Coder. */
export type CoderBackend =
  & Pick<Backend, "id" | "uid" | "namespace" | "controlPlane" | "waiting" | "open">
  & { readonly copy: Pick<Backend["copy"], "addresses" | "state"> };

export function refOf({ id, namespace, controlPlane, copy }: CoderBackend): CoderRef {
  const url = copy.addresses.access;
  return {
    id: controlPlane === undefined ? url === "" ? id : url : id,
    namespace,
    ...(controlPlane === undefined ? {} : { controlPlane: controlPlane.name }),
    ...(url === "" ? {} : { url }),
  };
}

/** @throws {ToolError} where there is none, or where it is not clear which */
export function chosen<B extends Pick<CoderBackend, "controlPlane">>(
  backends: readonly B[],
  { namespace, controlPlane }: CoderChoice,
): B {
  const names = backends.flatMap((backend) => backend.controlPlane?.name ?? []).join(", ");
  if (controlPlane !== undefined) {
    const named = backends.find((backend) => backend.controlPlane?.name === controlPlane);
    if (named !== undefined) return named;
    const others = names === "" ? "" : `: it has ${names}`;
    throw new ToolError(
      "not_found",
      `no Coder of a control plane ${
        JSON.stringify(controlPlane)
      } is known in namespace ${namespace}${others}`,
    );
  }
  const [first, second] = backends;
  if (first === undefined) throw new ToolError("not_found", `no Coder is known in namespace ${namespace}`);
  if (second !== undefined) {
    throw new ToolError(
      "invalid",
      `namespace ${namespace} has several Coders: give controlPlane, one of ${names}`,
    );
  }
  return first;
}
