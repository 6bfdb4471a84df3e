/** What a look at a registration rests on: a change of it is worth a look at once. */
import type { WorkspaceProxy } from "../../api/workspace_proxy.ts";
import type { KubeObject } from "../../api/object.ts";
import { workspaceProxyTokenSecretName } from "../../workload/names.ts";
import { hasPods } from "../../operator/visit/controller.ts";
import { referredKey, tokenSecretOf as operatorTokenOf } from "../../operator/visit/control_plane_ref.ts";
import { secretVersion } from "../../operator/visit/secrets.ts";
import { isHeldForCoder } from "../ending.ts";
import { ADOPT_PROXY_ANNOTATION, tokenSecretOf } from "../registration/mod.ts";
import { TOKEN_ANNOTATION } from "../results.ts";
import type { ProxyMemory } from "./memory.ts";
import { isRolledOut } from "./rolled_out.ts";
import type { Visit, VisitTools } from "./visit.ts";

/**
 * See the file's head. What looks themselves write to the status is not in it: a look that failed half-way must wait for
 * its time.
 */
export function lookInputs(
  visit: Pick<Visit, "key" | "object" | "proxy" | "deployment" | "news">,
  tools: Pick<VisitTools, "access" | "kinds">,
  memory: ProxyMemory,
): unknown {
  const { object, proxy, deployment, key, news } = visit;
  const { bootstrap, controlPlaneRef, primaryAccessURL, proxySessionTokenSecretRef, registration } =
    proxy.spec;
  const version = (name: string | undefined) =>
    name === undefined || name === ""
      ? ""
      : secretVersion(tools.kinds, { namespace: key.namespace, name: name.trim() });
  const formers = proxy.status.formerRegistrations ?? [];
  return {
    spec: [bootstrap, controlPlaneRef, primaryAccessURL, proxySessionTokenSecretRef, registration],
    adopt: object.metadata.annotations?.[ADOPT_PROXY_ANNOTATION],
    held: isHeldForCoder(object),
    news,
    marked: deployment === undefined || deployment.metadata.annotations?.[TOKEN_ANNOTATION] !== undefined,
    secrets: [version(tokenSecretOf(proxy)?.name), version(bootstrap?.credentialsSecretRef.name)],
    controlPlane: controlPlaneRef === undefined ? "" : controlPlaneInputs(visit, controlPlaneRef, tools),
    rolledOut: formers.length === 0 || isRolledOut(visit, memory.secret?.view ?? { state: "missing" }),
  };
}

function controlPlaneInputs(
  { key }: Pick<Visit, "key">,
  reference: NonNullable<WorkspaceProxy["spec"]["controlPlaneRef"]>,
  { access, kinds }: Pick<VisitTools, "access" | "kinds">,
): unknown {
  const finding = access.find(reference, key);
  if (!finding.found) return finding.reason;
  const { controlPlane, url } = finding;
  const { status } = controlPlane;
  const deployment = kinds.deployments.get(finding.key);
  return [
    referredKey(reference, key),
    url,
    status.operatorAccessReady,
    status.operatorTokenSecretRef,
    tokenVersions(controlPlane, kinds),
    deployment?.metadata.uid,
    deployment?.status?.observedGeneration,
    hasPods(deployment),
  ];
}

function tokenVersions(controlPlane: KubeObject, kinds: VisitTools["kinds"]): string[] {
  return operatorTokenOf(controlPlane).map((secret) => {
    const [namespace = "", name = ""] = secret.split("/");
    return secretVersion(kinds, { namespace, name });
  });
}

/** `namespace/name` of the Secrets that looks read. Takes raw objects, which may have any shape. */
export function visitSecrets({ metadata, spec }: KubeObject & { spec?: unknown }): string[] {
  const at = (...path: string[]): unknown =>
    path.reduce<unknown>(
      (value, name) => typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined,
      spec,
    );
  const names = [
    at("bootstrap", "credentialsSecretRef", "name"),
    at("bootstrap", "generatedTokenSecretName"),
    at("registration", "generatedTokenSecretName"),
    at("proxySessionTokenSecretRef", "name"),
    workspaceProxyTokenSecretName(metadata.name ?? ""),
  ];
  const given = names.flatMap((name) => typeof name === "string" && name.trim() !== "" ? [name.trim()] : []);
  return [...new Set(given)].map((name) => `${metadata.namespace ?? ""}/${name}`);
}
