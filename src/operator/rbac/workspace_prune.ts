/** Takes back workspace RBAC that is not wanted any more: disabled, another namespace, another ServiceAccount. */
import { RoleBindings, Roles } from "../../api/kubernetes/resources.ts";
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import { ownDeployment } from "../children/deployment.ts";
import { rolloutOf } from "../children/rollout.ts";
import type { Trouble } from "../pass/report.ts";
import { type GrantContext, problemOf, removeExactly } from "./workspace_grant.ts";
import { liveRights } from "./workspace_rights.ts";

/** What shall be in a namespace; a namespace that is not known shall hold nothing. */
export type Standing = "granted" | "none" | "unknown";

/**
 * Deletes what is stale, and returns what could not be deleted. What an earlier ServiceAccount was granted goes once no
 * pod runs as it any more, and only where its successor has its own. `accounts`: those that ending pods run as.
 */
export async function prune(
  standings: ReadonlyMap<string, Standing>,
  accounts: readonly string[],
  context: GrantContext,
): Promise<Trouble[]> {
  const { pass, tools, owner } = context;
  const inUse = accountsInUse(context);
  const isNeeded = (kind: string, namespace: string, name: string) =>
    inUse === undefined || [...inUse, ...accounts].some((account) => {
      const { roleName, bindingName } = owner.names(namespace, account);
      return name === (kind === "Role" ? roleName : bindingName);
    });
  const isStale = (
    { kind, metadata: { namespace = "", name = "", deletionTimestamp } }: Role | RoleBinding,
  ) => {
    if (deletionTimestamp !== undefined) return false;
    const standing = standings.get(namespace) ?? "none";
    return standing === "granted" ? !isNeeded(kind, namespace, name) : standing === "none";
  };
  const { roles, bindings } = liveRights(owner, tools.kinds);
  const problems: Trouble[] = [];
  const attempt = async (object: Role | RoleBinding, remove: () => Promise<boolean>) => {
    const { namespace = "", name } = object.metadata;
    try {
      if (!await remove()) return;
    } catch (error) {
      pass.signal.throwIfAborted();
      const { reason, message } = problemOf(error, namespace, tools);
      problems.push({ reason, message: `${object.kind} ${name} could not be deleted ${message}` });
      return;
    }
    const note = `Deleted ${object.kind} ${namespace}/${name}: its rights are not wanted any more`;
    tools.events.event(pass.object, "Normal", "Deleted", note, "Delete");
  };
  // Without its binding a Role grants nothing.
  await Promise.all(
    bindings.filter(isStale).map((each) =>
      attempt(each, () => removeExactly(RoleBindings, each, tools.kinds.roleBindings, context))
    ),
  );
  await Promise.all(
    roles.filter(isStale).map((each) =>
      attempt(each, () => removeExactly(Roles, each, tools.kinds.roles, context))
    ),
  );
  return problems;
}

/** ServiceAccounts that pods need; undefined while some run as one that is not known. */
function accountsInUse({ pass, tools, owner }: GrantContext): string[] | undefined {
  const deployment = pass.deployment ?? ownDeployment(pass, tools);
  if (deployment !== undefined && !rolloutOf(deployment).complete) return undefined;
  const running = deployment?.spec?.template.spec?.serviceAccountName?.trim();
  return [owner.serviceAccount, ...(running ? [running] : [])];
}
