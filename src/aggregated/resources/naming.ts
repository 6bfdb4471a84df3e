/** Which names are canonical: those that lists and watches have. */
import { byAge } from "../../api/control_plane_naming.ts";
import type { Backend } from "../../inventory/mod.ts";
import { prefixedName } from "../names.ts";

export type NameForm = "plain" | "prefixed";

/** What decides: nothing of how a deployment fares, so that nothing is renamed by that. */
export type Named = Pick<Backend, "id" | "namespace" | "controlPlane" | "naming" | "createdAt">;

/** The form of each backend's names, by its id. */
export function nameForms(backends: readonly Named[]): Map<string, NameForm> {
  const forms = new Map<string, NameForm>();
  for (const group of Map.groupBy(backends, ({ namespace }) => namespace).values()) {
    // One alone may be plain by its own wish: names of two could be the same.
    const [wished] = group.filter(({ naming }) => naming === "Plain").sort(byAge);
    for (const backend of group) {
      const isPlain = backend.controlPlane === undefined || backend === wished ||
        (backend.naming === "Auto" && group.length === 1);
      forms.set(backend.id, isPlain ? "plain" : "prefixed");
    }
  }
  return forms;
}

/** The canonical name. */
export function canonicalName(
  { controlPlane }: Pick<Backend, "controlPlane">,
  form: NameForm,
  plain: string,
): string {
  return form === "plain" || controlPlane === undefined ? plain : prefixedName(controlPlane.name, plain);
}

/** What people are told a Coder by: its control plane; where there is none, the namespace that is its alone. */
export function coderName(
  { id, namespace, controlPlane }: Pick<Backend, "id" | "namespace" | "controlPlane">,
): string {
  return controlPlane === undefined ? `namespace ${namespace}` : id;
}
