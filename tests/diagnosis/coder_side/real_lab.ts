/** One real coderd with real Terraform and agents, served by the product on a real cluster: many workspaces side by side. */
import { createBudget, createCoderClient, createTransport } from "../../../src/coder/mod.ts";
import type { CallerCoders } from "../../../src/caller/types.ts";
import type { DiagnosisWorld } from "../../../src/diagnosis/mod.ts";
import { loadKubeConfig } from "../../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../../src/mcp/caller/client_cluster.ts";
import { type AppRig, startAppRig } from "../../aggregated/app_rig.ts";
import { signalPart } from "../../cluster/processes.ts";
import { startCluster, waitFor } from "../../cluster/mod.ts";
import {
  type Coderd,
  type Deployment,
  startDeployment,
  type Template,
  type Workspace,
} from "../../coder/mod.ts";
import { tar } from "../../coder/tar.ts";
import { Planted } from "../../mcp/planted_world.ts";
import { type Trouble, troubleTemplate, variableTemplate } from "./template.ts";

const NAMESPACE = "lab";

export class RealLab implements AsyncDisposable {
  readonly namespace = NAMESPACE;
  readonly planted = new Planted();
  readonly #made = new Map<string, Promise<Workspace>>();
  readonly #templates = new Map<string, Promise<Pick<Template, "id" | "name">>>();

  private constructor(
    readonly deployment: Deployment,
    /** The product; it starts while the first builds go on. */
    readonly app: Promise<AppRig>,
    readonly world: DiagnosisWorld,
    private readonly stack: AsyncDisposableStack,
  ) {}

  static async start(): Promise<RealLab> {
    await using stack = new AsyncDisposableStack();
    const [deployment, cluster] = await Promise.all([
      startDeployment().then((made) => stack.use(made)),
      startCluster({ name: "diagnosis-coder" }).then((made) => stack.use(made)),
    ]);
    const { coderd } = deployment;
    const { token } = await coderd.firstUser();
    const app = startAppRig({ cluster, coders: { "lab/coder": { url: coderd.url, token } } });
    stack.defer(() => app.then((made) => made[Symbol.asyncDispose](), () => {}));
    const rest = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
    const transport = createTransport({ url: coderd.url });
    stack.defer(() => void rest.close());
    stack.defer(() => void transport.close());
    const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
    const client = createCoderClient({ transport, token, budget });
    const ref = { id: "lab/coder", namespace: NAMESPACE, controlPlane: "coder" };
    const coders: CallerCoders = {
      list: () => Promise.resolve([ref]),
      open: () => Promise.resolve({ ref, client, as: "caller", user: "admin" }),
    };
    const world = { cluster: clientCluster(rest), coders, now: Date.now };
    const lab = new RealLab(deployment, app, world, stack.move());
    lab.planted.known(token, "an owner's token");
    return lab;
  }

  get coderd(): Coderd {
    return this.deployment.coderd;
  }

  /** As the owner. */
  async request(method: string, path: string, body?: object) {
    const { token } = await this.coderd.firstUser();
    return await this.coderd.request(method, `/api/v2${path}`, {
      token,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The template with an agent. */
  template(): Promise<Pick<Template, "id" | "name">> {
    return this.#once(
      "trouble",
      () => this.coderd.createTemplate({ name: "trouble", files: troubleTemplate() }),
    );
  }

  /** The one with a variable, which has a value. */
  variableTemplate(): Promise<Pick<Template, "id" | "name">> {
    return this.#once("variable", async () => {
      const { token } = await this.coderd.firstUser();
      const file = await this.coderd.request("POST", "/api/v2/files", {
        token,
        body: tar(variableTemplate()),
        headers: { "content-type": "application/x-tar" },
      });
      const version = await this.request("POST", "/organizations/default/templateversions", {
        storage_method: "file",
        file_id: file.hash,
        provisioner: "terraform",
        tags: {},
        user_variable_values: [{ name: "region", value: "eu" }],
      });
      await waitFor(
        async () => (await this.request("GET", `/templateversions/${version.id}`)).job.status === "succeeded",
        {
          what: "the import",
          timeoutMs: 180_000,
        },
      );
      return await this.request("POST", "/organizations/default/templates", {
        name: "variable",
        template_version_id: version.id,
      });
    });
  }

  #once(name: string, make: () => Promise<Pick<Template, "id" | "name">>) {
    const made = this.#templates.get(name) ?? make();
    this.#templates.set(name, made);
    return made;
  }

  /** A workspace of this name; one that is there stays as it is. Its build goes on. */
  workspace(name: string, trouble: Trouble = "none"): Promise<Workspace> {
    return this.make(name, async () => ({
      template: await this.template(),
      fields: { rich_parameter_values: [{ name: "trouble", value: trouble }] },
    }));
  }

  /** As {@linkcode workspace}, of any template. */
  make(
    name: string,
    of: () => Promise<{ readonly template: Pick<Template, "id">; readonly fields?: Record<string, unknown> }>,
  ): Promise<Workspace> {
    const made = this.#made.get(name) ??
      of().then((options) => this.coderd.createWorkspace({ name, noWait: true, ...options }));
    this.#made.set(name, made);
    return made;
  }

  /** Waits until the latest build has one of these statuses; the subject's name. */
  async reached(name: string, ...statuses: string[]): Promise<string> {
    const { id } = await this.make(name, () => Promise.reject(new Error(`there is no workspace ${name}`)));
    await waitFor(async () => {
      const { latest_build: { job, status } } = await this.request("GET", `/workspaces/${id}`);
      if (statuses.includes(status)) return true;
      throw new Error(`it is ${status} ${job.error ?? ""}`);
    }, { what: `workspace ${name} to be ${statuses.join(" or ")}`, timeoutMs: 180_000 });
    return await this.nameOf(name);
  }

  /** The name under which a workspace is served. */
  async nameOf(name: string): Promise<string> {
    const { username } = await this.coderd.firstUser();
    return `coder.${username}.${name}`;
  }

  /** Waits until the product serves all that was made. */
  async served(): Promise<void> {
    const made = await Promise.all([...this.#made.keys()].map((name) => this.nameOf(name)));
    const app = await this.app;
    await waitFor(async () => {
      const there = await app.names("coderworkspaces", NAMESPACE);
      const missing = made.filter((name) => !there.includes(name));
      if (missing.length === 0) return true;
      throw new Error(`there is no ${missing.join(", ")}`);
    }, { what: "the workspaces to be served", timeoutMs: 180_000 });
  }

  /** Waits for the state of its agent: status and lifecycle. */
  async agent(name: string, isThere: (status: string, lifecycle: string) => boolean): Promise<void> {
    const { id } = await this.workspace(name);
    await waitFor(async () => {
      const { latest_build: { resources } } = await this.request("GET", `/workspaces/${id}`);
      // deno-lint-ignore no-explicit-any -- answers are looked at as they are
      const [agent] = resources.flatMap((resource: any) => resource.agents ?? []);
      if (agent !== undefined && isThere(agent.status, agent.lifecycle_state)) return true;
      throw new Error(`${agent?.status} ${agent?.lifecycle_state}`);
    }, { what: `the agent of ${name}`, timeoutMs: 180_000 });
  }

  /** Ends the process of a workspace's agent at once. */
  async killAgent(name: string): Promise<void> {
    const { id } = await this.workspace(name);
    if (!await signalPart(this.coderd.dir, `agent-${id}`, "SIGKILL")) throw new Error(`${name} has no agent`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
