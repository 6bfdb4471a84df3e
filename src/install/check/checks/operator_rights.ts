/** Does the cluster grant the product what it needs? */
import { z } from "zod";
import type { KubeObject } from "../../../api/object.ts";
import { sayings } from "../finding.ts";
import { missingRights, policyRule } from "../policy_rules.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";

const say = sayings("operator-rights");
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const INSTALL = "Install it again: coder-k8s install";

const role = z.object({ rules: z.array(policyRule).nullish().transform((rules) => rules ?? []) });
const binding = z.object({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({
    kind: z.string(),
    name: z.string(),
    namespace: z.string().catch(""),
  })).catch([]),
});

export const operatorRights: Check = {
  id: "operator-rights",
  phases: ["after"],
  async run(world) {
    const findings = (await Promise.all(world.objects.map((object) => {
      if (object.kind === "Role" || object.kind === "ClusterRole") return roleFinding(object, world);
      if (object.kind === "RoleBinding" || object.kind === "ClusterRoleBinding") {
        return bindingFinding(object, world);
      }
      return undefined;
    }))).filter((finding) => finding !== undefined);
    return findings.length > 0
      ? findings
      : [say.ok("Roles and bindings are there, with all that the product needs.")];
  },
};

function pathOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  const plural = `${kind.toLowerCase()}s`;
  return `${RBAC}/${namespace === undefined ? "" : `namespaces/${namespace}/`}${plural}/${
    encodeURIComponent(name ?? "")
  }`;
}

async function roleFinding(object: KubeObject, world: CheckWorld): Promise<Finding | undefined> {
  const what = `${object.kind} ${object.metadata.name}`;
  const reading = await world.read(pathOf(object), role);
  if (reading.state === "unread") return say.unread(what, reading);
  if (reading.state === "absent") return say.failed(`${what} is missing.`, INSTALL);
  const wanted = role.safeParse(object);
  const missing = wanted.success ? missingRights(wanted.data.rules, reading.value.rules) : [];
  if (missing.length === 0) return undefined;
  const more = missing.length > 6 ? ` and ${missing.length - 6} more` : "";
  return say.failed(`${what} does not grant ${missing.slice(0, 6).join(", ")}${more}.`, INSTALL);
}

async function bindingFinding(object: KubeObject, world: CheckWorld): Promise<Finding | undefined> {
  const what = `${object.kind} ${object.metadata.name}`;
  const reading = await world.read(pathOf(object), binding);
  if (reading.state === "unread") return say.unread(what, reading);
  if (reading.state === "absent") return say.failed(`${what} is missing.`, INSTALL);
  const wanted = binding.safeParse(object);
  if (!wanted.success) return undefined;
  const { roleRef, subjects } = reading.value;
  if (roleRef.kind !== wanted.data.roleRef.kind || roleRef.name !== wanted.data.roleRef.name) {
    return say.failed(
      `${what} grants ${roleRef.kind} ${roleRef.name}, not ${wanted.data.roleRef.name}; that cannot be changed.`,
      `Delete it and install again: kubectl delete ${object.kind.toLowerCase()} ${object.metadata.name}`,
    );
  }
  const missing = wanted.data.subjects.filter((one) =>
    !subjects.some(({ kind, name, namespace }) =>
      kind === one.kind && name === one.name && namespace === one.namespace
    )
  );
  if (missing.length === 0) return undefined;
  return say.failed(`${what} does not name ${missing.map(({ name }) => name).join(", ")}.`, INSTALL);
}
