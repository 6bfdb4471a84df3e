/** Which control planes are shown as Kubernetes resources. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { hasDot, isAccessDisabled } from "../../api/control_plane_naming.ts";
import { keyOf, keyText, type ObjectKey } from "../../api/object.ts";

/** A key of a Secret. */
export interface TokenReference {
  readonly secret: ObjectKey;
  readonly key: string;
}

/** What becomes of a control plane. */
export type Eligibility =
  /** Its Coder is asked. */
  | { readonly state: "eligible"; readonly url: string; readonly token: TokenReference }
  /** Nothing is read or called for it now; what is known of it stays. */
  | { readonly state: "waiting"; readonly message: string }
  /** It is not shown: somebody has decided that. */
  | { readonly state: "disabled" }
  /** It cannot be shown. */
  | { readonly state: "skipped"; readonly message: string };

/** By the rules of the Go server, in their order. Reads what an object may lack, whatever its shape. */
export function eligibilityOf(controlPlane: CoderControlPlane): Eligibility {
  const key = keyOf(controlPlane);
  const what = `CoderControlPlane ${keyText(key)}`;
  if (hasDot(controlPlane)) {
    const message = `${what} has a dot in its name, which parts the names of workspaces: make one without`;
    return { state: "skipped", message };
  }
  if (isAccessDisabled(controlPlane)) return { state: "disabled" };
  const waiting = (why: string): Eligibility => ({ state: "waiting", message: `${what} ${why}` });
  const { operatorAccessReady, operatorTokenSecretRef: reference, url } = controlPlane.status ?? {};
  if (operatorAccessReady !== true) return waiting("gives the operator no access yet");
  if (typeof reference !== "object" || reference === null) return waiting("names no Secret with a token");
  if (textOf(url) === "") return waiting("has no address yet");
  const name = textOf(reference.name);
  if (name === "") return waiting("names no Secret with a token");
  const token = { secret: { namespace: key.namespace, name }, key: textOf(reference.key) || "token" };
  return { state: "eligible", url: textOf(url), token };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
