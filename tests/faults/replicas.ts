/** Two operators as processes of their own, each under its own ServiceAccount, so that the audit log tells who wrote. */
import { type AuditView, type Cluster, sleep, waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { type OperatorProcess, startOperator } from "../operator/process.ts";
import { sampleOf } from "./metrics.ts";

const NAMESPACE = "coder-system";
const SECOND = "coder-k8s-second";

/** The user of the second operator. */
export const SECOND_USER = `system:serviceaccount:${NAMESPACE}:${SECOND}`;

/** Binds a second ServiceAccount to the very rules of the first; a kubeconfig for it. */
export async function secondKubeconfig(cluster: Cluster): Promise<string> {
  const subjects = [{ kind: "ServiceAccount", name: SECOND, namespace: NAMESPACE }];
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const roleRef = (kind: string, name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });
  const roles = ["manager-role", "coder-k8s-definitions", "coder-k8s-namespaces"];
  await cluster.apply([
    ...roles.map((role) => ({
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name: `${SECOND}-${role}` },
      roleRef: roleRef("ClusterRole", role),
      subjects,
    })),
    {
      apiVersion,
      kind: "RoleBinding",
      metadata: { name: SECOND, namespace: NAMESPACE },
      roleRef: roleRef("Role", "coder-k8s-leader-election"),
      subjects,
    },
  ]);
  return await cluster.serviceAccountKubeconfig({ namespace: NAMESPACE, name: SECOND });
}

/** Starts one and waits until it is ready, which a stand-by is, too. */
export async function startReplica(kubeconfig: string): Promise<OperatorProcess> {
  const operator = await startOperator({ kubeconfig });
  await operator.ready(60_000);
  return operator;
}

/** Whether it leads, as it says itself; false where it does not answer. */
export async function leads(operator: OperatorProcess): Promise<boolean> {
  try {
    return sampleOf(await operator.metrics(), "leader_election_master_status") === 1;
  } catch {
    return false;
  }
}

/** Waits until it says that it leads. @param timeoutMs in milliseconds */
export async function untilLeading(operator: OperatorProcess, timeoutMs = 60_000): Promise<void> {
  await waitFor(() => leads(operator), { what: "the operator to lead", timeoutMs });
}

/** Asks all of them who leads, again and again, until it is disposed of. */
export class LeaderSampler implements AsyncDisposable {
  /** How often they were asked. */
  samples = 0;
  /** How often more than one said yes. */
  doubles = 0;
  #stop = new AbortController();
  #run: Promise<void>;

  constructor(operators: readonly OperatorProcess[]) {
    this.#run = (async () => {
      while (!this.#stop.signal.aborted) {
        const answers = await Promise.all(operators.map(leads));
        this.samples++;
        // Answers of one round may be seconds apart. Who still leads after another has said yes leads beside it.
        const yes = operators.filter((_, i) => answers[i]);
        const still = yes.length > 1 ? (await Promise.all(yes.map(leads))).filter(Boolean) : [];
        if (still.length > 1) this.doubles++;
        await sleep(50, this.#stop.signal).catch(() => {});
      }
    })();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }
}

/** The last moment at which a line of its log was written that says so; undefined where there is none. */
export function loggedAt({ lines }: OperatorProcess, msg: string): Date | undefined {
  const found = lines.findLast((line) => line.includes(`"msg":"${msg}"`));
  return found === undefined ? undefined : new Date(JSON.parse(found).ts);
}

/** Who wrote, one entry for each time that another one went on, in the order of the API server's clock. */
export function turns(view: AuditView): string[] {
  const names = new Map([[OPERATOR_USER, "first"], [SECOND_USER, "second"]]);
  const writes = [...names.keys()].flatMap((user) => view.writes(user)).sort((a, b) => +a.at - +b.at);
  return writes.map(({ user }) => names.get(user)!).filter((name, i, all) => name !== all[i - 1]);
}
