/** A running cluster, as tests use it. */
import { join } from "node:path";
import { AuditLog, type PolicyRule } from "./audit.ts";
import { FaultRig } from "./faults.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { type KubectlOptions, type KubectlResult, runKubectl } from "./kubectl.ts";
import { destroy, killPart, logTail, partReady, runningParts, startPart, stopPart } from "./lifecycle.ts";
import { writeWhole } from "./paths.ts";
import { type CertificateRequest, issueCertificate, type KeyPair, serviceDnsNames } from "./pki.ts";
import { RestError, type RestOptions, restRequest, type RestTarget } from "./rest.ts";
import { type ClusterState, layout, type Part, readKeyPair, readState } from "./state.ts";
import { waitFor } from "./wait.ts";

/** Which service account. */
export interface ServiceAccountRef {
  namespace: string;
  name: string;
}

/** How its kubeconfig shall be. */
export interface ServiceAccountKubeconfigOptions extends ServiceAccountRef {
  /** Go through a fault rig: `true` for the cluster's own, or one made by `newFaults`. @default {false} */
  throughFaults?: boolean | FaultRig;
  /** Life of the token, in seconds. @default {86_400} */
  tokenSeconds?: number;
}

/** The user name of a service account, as it stands in audit entries and role bindings. */
export function serviceAccountUser({ namespace, name }: ServiceAccountRef): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** A running cluster. Everything here works from any process that can read its directory. */
export class Cluster implements AsyncDisposable {
  /** Kubeconfig of an administrator (`system:masters`), a path. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** Assertions over the API server's audit log. */
  readonly audit: AuditLog;
  #faults: FaultRig | undefined;
  #rigs: FaultRig[] = [];
  #endsWithUs = false;

  private constructor(
    readonly state: ClusterState,
    /** The authority that signed the API server's certificate and signs client certificates. */
    readonly caPem: string,
    /** What the API server shows to aggregated APIs, and the authority to check it against. */
    readonly frontProxy: { caPem: string; certPem: string; keyPem: string },
    private readonly admin: RestTarget,
  ) {
    this.kubeconfig = layout(state.dir).kubeconfig;
    this.url = `https://127.0.0.1:${state.ports.apiserver}`;
    this.audit = new AuditLog(layout(state.dir).auditLog, (path) => this.request("GET", path));
  }

  /** Opens a running cluster by the path of its `cluster.json`. Disposing of it leaves the cluster running. */
  static async open(statePath: string): Promise<Cluster> {
    return await Cluster.fromState(await readState(statePath));
  }

  /** As `open`, from what `cluster.json` says. */
  static async fromState(state: ClusterState): Promise<Cluster> {
    const { dir, ports } = state;
    const caPem = await Deno.readTextFile(layout(dir).cert("ca"));
    const proxyCaPem = await Deno.readTextFile(layout(dir).cert("front-proxy-ca"));
    const proxy = await readKeyPair(dir, "front-proxy-client");
    const credentials = await readKeyPair(dir, "admin");
    const admin = { host: "127.0.0.1", port: ports.apiserver, caPem, credentials };
    return new Cluster(state, caPem, { caPem: proxyCaPem, ...proxy }, admin);
  }

  /** Makes `await using` (and `dispose`) end the cluster itself. */
  owned(): this {
    this.#endsWithUs = true;
    return this;
  }

  get name(): string {
    return this.state.name;
  }

  /** Its directory: logs, certificates, state. */
  get dir(): string {
    return this.state.dir;
  }

  /** The path of `cluster.json`, for `Cluster.open` and `CODER_K8S_TEST_CLUSTER`. */
  get statePath(): string {
    return layout(this.dir).state;
  }

  /**
   * One request as administrator; the parsed answer.
   *
   * @param path with its query, such as `/api/v1/namespaces/x/pods?limit=5`
   * @throws {RestError} for an answer other than 2xx, with `status` and `body`
   */
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
  request(method: string, path: string, body?: unknown, options?: RestOptions): Promise<any> {
    return restRequest(this.admin, method, path, body, options);
  }

  /** As `request`, but 404 gives undefined. */
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
  async find(path: string, options?: RestOptions): Promise<any> {
    try {
      return await this.request("GET", path, undefined, options);
    } catch (error) {
      if (error instanceof RestError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Runs kubectl, as administrator unless another kubeconfig is named. @throws when it exits non-zero */
  kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    return runKubectl(this.state.tools.path.kubectl, args, {
      kubeconfig: this.kubeconfig,
      ...options,
      // Discovery is cached by address: that of an earlier cluster on this port must not be used.
      env: { KUBECACHEDIR: join(this.dir, "kubectl-cache"), ...options.env },
    });
  }

  /** `kubectl apply --server-side` of YAML text, of one object or of several; field manager `test`. */
  async apply(objects: string | object | readonly object[], namespace?: string): Promise<void> {
    const input = typeof objects === "string"
      ? objects
      : (Array.isArray(objects) ? objects : [objects]).map((object) => JSON.stringify(object)).join(
        "\n---\n",
      );
    const scope = namespace === undefined ? [] : ["--namespace", namespace];
    await this.kubectl(
      ["apply", "--server-side", "--force-conflicts", "--field-manager=test", ...scope, "-f", "-"],
      { input },
    );
  }

  /** A new namespace with a name of its own, ready for pods. It goes with the cluster. */
  async newNamespace(prefix = "test"): Promise<string> {
    const name = `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
    await this.request("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
    // Both come from controllers; the second would turn up in the midst of tests that count ConfigMaps.
    for (const child of ["serviceaccounts/default", "configmaps/kube-root-ca.crt"]) {
      await waitFor(() => this.find(`/api/v1/namespaces/${name}/${child}`), {
        what: `${child} of namespace ${name}`,
        intervalMs: 20,
      });
    }
    return name;
  }

  /**
   * Waits until rights that were just given are in force: the API server learns of roles and bindings a moment after it
   * has stored them.
   *
   * @param namespace where; everywhere when it is left out
   */
  async rightsInForce(user: string, rules: readonly PolicyRule[], namespace?: string): Promise<void> {
    for (const { apiGroups, resources, resourceNames, nonResourceURLs, verbs: [verb] } of rules) {
      const [resource = "", subresource] = (resources?.[0] ?? "").split("/");
      const where = {
        group: apiGroups?.[0],
        resource,
        subresource,
        name: resourceNames?.[0],
        namespace,
        verb,
      };
      const asked = nonResourceURLs
        ? { nonResourceAttributes: { path: nonResourceURLs[0], verb } }
        : { resourceAttributes: where };
      const review = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user, ...asked },
      };
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      await waitFor(async () => (await this.request("POST", path, review)).status.allowed === true, {
        what: `${user} to have the right to ${verb} ${nonResourceURLs?.[0] ?? resource}`,
        intervalMs: 10,
      });
    }
  }

  /** A token of a service account, which is created if it is not there. */
  async serviceAccountToken({ namespace, name }: ServiceAccountRef, seconds = 86_400): Promise<string> {
    const base = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    if (!(await this.find(`${base}/${name}`))) {
      await this.request("POST", base, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } })
        .catch((error) => {
          if (!(error instanceof RestError && error.status === 409)) throw error;
        });
    }
    const answer = await this.request("POST", `${base}/${name}/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: seconds },
    });
    return answer.status.token;
  }

  /** Writes a kubeconfig for a service account (created if it is not there); the file's path. */
  async serviceAccountKubeconfig(options: ServiceAccountKubeconfigOptions): Promise<string> {
    const { namespace, name, throughFaults } = options;
    const token = await this.serviceAccountToken(options, options.tokenSeconds);
    const rig = throughFaults === true ? this.faults : throughFaults || undefined;
    const path = join(
      this.dir,
      "kubeconfigs",
      `${namespace}-${name}-${crypto.randomUUID().slice(0, 8)}.kubeconfig`,
    );
    const server = rig ? await rig.listen() : this.url;
    await writeWhole(path, kubeconfigText({ server, caPem: this.caPem, credentials: { token }, namespace }));
    return path;
  }

  /** The fault rig that `throughFaults: true` means; closed by `dispose`. */
  get faults(): FaultRig {
    this.#faults ??= this.#rig();
    return this.#faults;
  }

  /** One more fault rig, independent of all others, listening. Close it, or let `dispose` do so. */
  async newFaults(): Promise<FaultRig> {
    const rig = this.#rig();
    await rig.listen();
    return rig;
  }

  /** A certificate signed by the cluster's authority, the one that the API server trusts for clients. */
  async issueCertificate(request: CertificateRequest): Promise<KeyPair> {
    return await issueCertificate(await readKeyPair(this.dir, "ca"), request);
  }

  /** A client certificate signed by the front-proxy authority: an API server may show it, or somebody who shall not. */
  async issueFrontProxyClient(commonName: string): Promise<KeyPair> {
    return await issueCertificate(await readKeyPair(this.dir, "front-proxy-ca"), {
      commonName,
      usage: ["client"],
    });
  }

  /** A serving certificate for an aggregated API behind a Service; `caPem` is what its APIService must carry. */
  issueServiceCertificate({ namespace, name }: ServiceAccountRef): Promise<KeyPair> {
    return this.issueCertificate({
      commonName: `${name}.${namespace}.svc`,
      dnsNames: [...serviceDnsNames(name, namespace), "localhost"],
      ipAddresses: ["127.0.0.1"],
      usage: ["server"],
    });
  }

  /** A Service of type ExternalName that leads to localhost: an APIService on it reaches a port of this machine. */
  async externalService({ namespace, name }: ServiceAccountRef): Promise<void> {
    await this.apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace, name },
      spec: { type: "ExternalName", externalName: "localhost" },
    });
  }

  /** Starts a part that was stopped or killed, on its old port, and waits until it is ready. */
  async start(part: Part): Promise<void> {
    // An API server that has just begun refuses everybody, until it knows the roles that there are.
    using _meant = part === "apiserver" && !(await this.running()).includes(part)
      ? this.audit.meansDenials("the API server begins")
      : undefined;
    await startPart(this.state, part);
  }

  /** Ends a part in order (SIGTERM; SIGKILL after `graceMs`). @param graceMs in milliseconds */
  stop(part: Part, graceMs = 60_000): Promise<void> {
    return stopPart(this.state, part, graceMs);
  }

  /** Ends a part as a crash would (SIGKILL). */
  kill(part: Part): Promise<void> {
    return killPart(this.state, part);
  }

  /** `kill`, then `start`. */
  async restart(part: Part): Promise<void> {
    await this.kill(part);
    await this.start(part);
  }

  /** Waits until a part is ready. */
  ready(part: Part): Promise<void> {
    return partReady(this.state, part);
  }

  /** The parts that run now. */
  running(): Promise<Part[]> {
    return runningParts(this.dir);
  }

  /** The last lines of a part's log. */
  logs(part: Part, lines = 100): Promise<string> {
    return logTail(layout(this.dir).log(part), lines);
  }

  /** Ends the cluster: all parts, all fault rigs, its directory. */
  async destroy(): Promise<void> {
    await this.#closeRigs();
    await destroy(this.dir);
  }

  /** Closes what this process opened; ends the cluster if it was started by `startCluster` here. */
  async dispose(): Promise<void> {
    await this.#closeRigs();
    if (this.#endsWithUs) await destroy(this.dir);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #rig(): FaultRig {
    const rig = new FaultRig({
      target: this.admin,
      certificate: () =>
        this.issueCertificate({
          commonName: "fault-rig",
          dnsNames: ["localhost"],
          ipAddresses: ["127.0.0.1"],
          usage: ["server"],
        }),
    });
    this.#rigs.push(rig);
    return rig;
  }

  async #closeRigs(): Promise<void> {
    this.#faults = undefined;
    await Promise.all(this.#rigs.splice(0).map((rig) => rig.close()));
  }
}
