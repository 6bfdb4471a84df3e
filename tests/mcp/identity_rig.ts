/** Callers of the MCP server on a real API server: an admission with a service account of its own, and people with roles. */
import { parseAllDocuments } from "yaml";
import { createAdmission, type McpAdmission } from "../../src/app/mcp/admission.ts";
import type { AdmissionSettings } from "../../src/app/mcp/admission_settings.ts";
import {
  createAuthenticationConfig,
  createAuthorizer,
  type PeerCertificates,
} from "../../src/identity/mod.ts";
import type { RestClient } from "../../src/kube/rest/rest_client.ts";
import type { CachedKind } from "../../src/mcp/caller/local_kinds.ts";
import type { Visitor } from "../../src/mcp/surface.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { type Cluster, serviceAccountUser, sharedCluster } from "../cluster/mod.ts";
import { identityClient, withdraw } from "../identity/rig.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const RBAC = "rbac.authorization.k8s.io";

export interface IdentityRig extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** The server's own, with the rights to review alone. */
  readonly client: RestClient;
  /** Its name in the audit log. */
  readonly serverUser: string;
  readonly redactor: Redactor;
  /** Makes one; it ends with the rig. */
  admission(
    settings: Partial<AdmissionSettings>,
    options?: { cached?: CachedKind[]; url?: string },
  ): McpAdmission;
  /** Lets the server impersonate, as the shipped file does. */
  allowImpersonation(): Promise<void>;
  /** Lets a user, a group or a service account of the namespace read what is named there. */
  allowReads(
    subject: { kind: "User" | "Group" | "ServiceAccount"; name: string },
    resources: string[],
  ): Promise<void>;
}

/** Lets somebody in, or throws with the refusal. */
export async function enter(
  admission: McpAdmission,
  headers: Record<string, string>,
  peer?: PeerCertificates,
): Promise<Visitor> {
  const call = { headers: new Headers(), rawHeaders: Object.entries(headers).flat(), peer };
  const answer = await admission.admit(call, AbortSignal.timeout(60_000));
  if ("visitor" in answer) return answer.visitor;
  throw new Error(`${answer.refusal.status} ${answer.refusal.message}`);
}

/** On the shared cluster, in a namespace of its own. */
export async function startIdentityRig(): Promise<IdentityRig> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("caller");
  const client = await identityClient(cluster, namespace);
  const redactor = new Redactor();
  const admissions: McpAdmission[] = [];
  const end = new AbortController();
  const authentication = createAuthenticationConfig({ client });
  const watching = authentication.run(end.signal);
  await authentication.whenSynced(AbortSignal.timeout(60_000));
  const impersonation = `mcp-impersonation-${namespace}`;
  return {
    cluster,
    namespace,
    client,
    redactor,
    serverUser: serviceAccountUser({ namespace, name: "identity" }),
    admission(settings, { cached = [], url } = {}) {
      const admission = createAdmission({
        settings: { isOff: false, x509: false, impersonate: false, namespaces: [], ...settings },
        client,
        url,
        authorize: createAuthorizer({ client }),
        authentication,
        cached,
        coders: () => ({}) as never,
        redactor,
        log: silentLogger,
        metrics: noMetrics,
      });
      admissions.push(admission);
      return admission;
    },
    async allowImpersonation() {
      const text = await Deno.readTextFile(`${root}/deploy/components/mcp-impersonation/rbac.yaml`);
      const [role, binding] = parseAllDocuments(text).map((document) => document.toJS());
      role.metadata.name = binding.metadata.name = binding.roleRef.name = impersonation;
      binding.subjects = [{ kind: "ServiceAccount", namespace, name: "identity" }];
      await cluster.apply([role, binding]);
    },
    async allowReads({ kind, name }, resources) {
      const id = `reads-${kind.toLowerCase()}-${name.replace(/[^a-z0-9-]/g, "-")}`;
      await cluster.apply([
        {
          apiVersion: `${RBAC}/v1`,
          kind: "Role",
          metadata: { namespace, name: id },
          rules: [{ apiGroups: ["*"], resources, verbs: ["get", "list"] }],
        },
        {
          apiVersion: `${RBAC}/v1`,
          kind: "RoleBinding",
          metadata: { namespace, name: id },
          roleRef: { apiGroup: RBAC, kind: "Role", name: id },
          subjects: [kind === "ServiceAccount" ? { kind, name, namespace } : { kind, name, apiGroup: RBAC }],
        },
      ]);
    },
    async [Symbol.asyncDispose]() {
      admissions.forEach((admission) => admission.close());
      end.abort();
      await watching;
      client.close();
      await withdraw(cluster, namespace);
      for (const kind of ["clusterroles", "clusterrolebindings"]) {
        const path = `/apis/${RBAC}/v1/${kind}/${impersonation}`;
        if (await cluster.find(path)) await cluster.request("DELETE", path);
      }
    },
  };
}
