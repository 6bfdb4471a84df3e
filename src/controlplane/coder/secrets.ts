/** The Secrets and ConfigMaps that visits to a control plane's Coder need. */
import type { CoderControlPlane, ControlPlane } from "../../api/control_plane.ts";
import type { SecretKey } from "../../operator/visit/secrets.ts";
import { operatorTokenSecretName } from "../../workload/names.ts";

/** `namespace/name` of every Secret that visits to a control plane read. Takes raw objects, which may have any shape. */
export function visitSecrets({ metadata, spec }: CoderControlPlane): string[] {
  const { namespace = "", name = "" } = metadata;
  const access = spec?.operatorAccess;
  const generated: unknown = access?.generatedTokenSecretName;
  const names: unknown[] = [
    operatorTokenSecretName(name, typeof generated === "string" ? generated : undefined),
    access?.databaseURLSecretRef?.name,
    access?.databaseCASecretRef?.name,
    access?.bootstrapTokenSecretRef?.name,
    spec?.licenseSecretRef?.name,
    spec?.firstUser?.secretName,
    ...(Array.isArray(spec?.extraEnv)
      ? spec.extraEnv.map((each) => each?.valueFrom?.secretKeyRef?.name)
      : []),
    ...(Array.isArray(spec?.envFrom) ? spec.envFrom.map((each) => each?.secretRef?.name) : []),
  ];
  return [
    ...new Set(names.flatMap((each) => typeof each === "string" && each.trim() !== "" ? [each.trim()] : [])),
  ]
    .map((each) => `${namespace}/${each}`);
}

/** As {@linkcode visitSecrets}, ConfigMaps: the database may be named there. */
export function visitConfigMaps({ metadata, spec }: CoderControlPlane): string[] {
  const names: unknown[] = [
    ...(Array.isArray(spec?.extraEnv)
      ? spec.extraEnv.map((each) => each?.valueFrom?.configMapKeyRef?.name)
      : []),
    ...(Array.isArray(spec?.envFrom) ? spec.envFrom.map((each) => each?.configMapRef?.name) : []),
  ];
  const given = names.flatMap((each) => typeof each === "string" && each.trim() !== "" ? [each.trim()] : []);
  return [...new Set(given)].map((each) => `${metadata.namespace ?? ""}/${each}`);
}

/** The Secret with the operator's token; its key is always `token`. */
export function tokenSecretKey({ metadata, spec }: ControlPlane): SecretKey {
  const { namespace = "", name = "" } = metadata;
  return {
    secret: { namespace, name: operatorTokenSecretName(name, spec.operatorAccess.generatedTokenSecretName) },
    key: "token",
  };
}
