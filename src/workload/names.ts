/**
 * Every name that the operator gives to something. They are contracts: a Deployment cannot be renamed, and an
 * installation is taken over only where the same resource leads to the same names.
 */
import { h32, h64, joined } from "./hash.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The length of a name in bytes, which is what the API server limits. */
function bytes(name: string): number {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 127) return utf8.encode(name).length;
  }
  return name.length;
}

/** The first `count` bytes. */
function head(name: string, count: number): string {
  return text.decode(utf8.encode(name).subarray(0, count));
}

/**
 * `prefix + name + suffix`, or, where that is longer than `max` bytes, `prefix + name[:keep]-hash + suffix`. No object can
 * have a name in which a dash follows a dot: what would end in a dot is cut before it, unless it is `free` of such rules.
 */
function fitted(
  name: string,
  shape: { prefix?: string; suffix?: string; max: number; keep: number; free?: boolean },
): string {
  const { prefix = "", suffix = "", max, keep, free = false } = shape;
  const whole = `${prefix}${name}${suffix}`;
  if (bytes(whole) <= max) return whole;
  const start = head(name, keep);
  return `${prefix}${free ? start : start.replace(/\.+$/, "")}-${h32(name)}${suffix}`;
}

/** The Secret with the operator's own token; `override` is `spec.operatorAccess.generatedTokenSecretName`. */
export function operatorTokenSecretName(name: string, override?: string): string {
  const chosen = override?.trim() ?? "";
  return chosen !== "" ? chosen : fitted(name, { suffix: "-operator-token", max: 63, keep: 39 });
}

/** The name of the operator's token inside Coder. */
export function operatorTokenName(namespace: string, name: string): string {
  return `coder-k8s-operator-${h64(joined(namespace, name))}`;
}

/** The ServiceAccount of a control plane's pods; `override` is `spec.serviceAccount.name`, taken as it is. */
export function controlPlaneServiceAccountName(name: string, override?: string): string {
  return override !== undefined && override !== "" ? override : name;
}

/** The Job of a backup before an upgrade; `hash` (10 digits) tells it from others. Its pods carry the name as a label. */
export function backupJobName(name: string, hash: string): string {
  return fitted(name, { suffix: `-backup-${hash}`, max: 63, keep: 36 });
}

/** What keeps the workspace RBAC of two control planes apart. */
export function workspaceScopeHash(namespace: string, name: string): string {
  return h32(joined(namespace, name));
}

/** The ServiceAccount's name, cut so that `suffix` still fits into an object name. */
function rbacName(serviceAccount: string, suffix: string, keep: number): string {
  const account = serviceAccount.trim();
  const whole = `${account}${suffix}`;
  if (bytes(whole) <= 253) return whole;
  const prefix = head(account, keep).replace(/^[-.]+|[-.]+$/g, "");
  return `${prefix === "" ? "workspace" : prefix}${suffix}`;
}

/** The Role that lets workspaces' pods be made. `scope` is {@linkcode workspaceScopeHash}. */
export function workspaceRoleName(serviceAccount: string, scope: string): string {
  return rbacName(serviceAccount, `-${scope}-workspace-perms`, 228);
}

/** The RoleBinding of {@linkcode workspaceRoleName}. */
export function workspaceRoleBindingName(serviceAccount: string, scope: string): string {
  return rbacName(serviceAccount, `-${scope}`, 244);
}

/** What a pod's volume for a Secret is for. */
export type SecretVolumePrefix = "tls" | "ca-cert";

/** The volume of a Secret. Secret names may hold dots, volume names may not: those get a hash. */
export function secretVolumeName(prefix: SecretVolumePrefix, secret: string): string {
  const trimmed = secret.trim();
  const normal = trimmed.toLowerCase();
  const clean = orX(stripDashes(normal.replace(/[^a-z0-9]+/g, "-")));
  const whole = `${prefix}-${clean}`;
  if (bytes(whole) <= 63 && clean === normal) return whole;
  const short = orX(stripDashes(head(clean, 63 - prefix.length - 10)));
  return `${prefix}-${short}-${h32(joined(prefix, trimmed))}`;
}

function stripDashes(value: string): string {
  return value.replace(/^-+|-+$/g, "");
}

function orX(value: string): string {
  return value === "" ? "x" : value;
}

/** The Deployment, Role and RoleBinding of a provisioner. */
export function provisionerName(name: string): string {
  return fitted(name, { prefix: "provisioner-", max: 63, keep: 42 });
}

/**
 * The Role of a provisioner in another namespace. Nothing but these ends like that, and a namespace holds no dot: no two
 * provisioners, and no control plane, share a name.
 */
export function provisionerRoleName(namespace: string, name: string): string {
  return `workspaces-${namespace}.${instanceLabel(name)}-provisioner`;
}

/** The RoleBinding of a provisioner in another namespace, or to a ServiceAccount that is not its usual one. */
export function provisionerBindingName(namespace: string, name: string, serviceAccount: string): string {
  return `workspaces-${namespace}.${instanceLabel(name)}-${h32(serviceAccount)}-provisioner`;
}

/** The ServiceAccount of a provisioner. */
export function provisionerServiceAccountName(name: string): string {
  return fitted(name, { suffix: "-provisioner", max: 63, keep: 42 });
}

/** The value of the instance label of a provisioner or a workspace proxy. A control plane's is its name, always. */
export function instanceLabel(name: string): string {
  return fitted(name, { max: 63, keep: 54, free: true });
}

/** A provisioner key's name inside Coder; `override` is `spec.key.name`. */
export function provisionerKeyName(name: string, override?: string): string {
  return fitted(override !== undefined && override !== "" ? override : name, {
    max: 128,
    keep: 119,
    free: true,
  });
}

/** The Secret with a provisioner's key; `override` is `spec.key.secretName`. */
export function provisionerKeySecretName(name: string, override?: string): string {
  if (override !== undefined && override !== "") return override;
  return fitted(name, { suffix: "-provisioner-key", max: 253, keep: 228 });
}

/** The Deployment and Service of a workspace proxy. */
export function workspaceProxyName(name: string): string {
  return fitted(name, { prefix: "wsproxy-", max: 63, keep: 46 });
}

/** The Secret with a workspace proxy's token; `override` is `spec.bootstrap.generatedTokenSecretName`. */
export function workspaceProxyTokenSecretName(name: string, override?: string): string {
  return override !== undefined && override !== "" ? override : `${name}-proxy-token`;
}
