/** A workspace proxy as the Go operator leaves it: status, children, and the registration where it made one. */
import { randomBytes, randomUUID } from "node:crypto";
import type {
  CoderWorkspaceProxy,
  WorkspaceProxySpecInput,
  WorkspaceProxyStatus,
} from "../../src/api/workspace_proxy.ts";
import { workspaceProxyName, workspaceProxyTokenSecretName } from "../../src/workload/names.ts";
import type { FakeProxy } from "../fake-coder/state.ts";
import type { CoderHome } from "../operator/coder_home.ts";
import { GO_MANAGER, GO_TIME, GoChildren, type GoTemplate } from "../operator/go_children.ts";
import type { ProxyRig } from "./rig.ts";

/** What varies between installations. */
export interface GoProxyOptions {
  /** @default {"eu"} */
  name?: string;
  /** Its field manager. @default {"coder-k8s"} */
  manager?: string;
  /** True: it registered the proxy itself. False: the user brought the token. @default {true} */
  bootstrap?: boolean | Partial<NonNullable<WorkspaceProxySpecInput["bootstrap"]>>;
  /** The rest of the spec, as the user wrote it. */
  spec?: Omit<WorkspaceProxySpecInput, "bootstrap">;
  /** @default {the first control plane} */
  home?: CoderHome;
  /** False: Coder has lost the registration since then. @default {true} */
  inCoder?: boolean;
  /** False: the fixture does not wait for pods, and the status says `Pending`. @default {true} */
  ready?: boolean;
}

/** What there is now. */
export interface GoProxy {
  readonly name: string;
  /** As Coder has it, or had it. */
  readonly registered: FakeProxy;
  /** Name of Deployment and Service. */
  readonly deployment: string;
  readonly secret: { readonly name: string; readonly key: string };
  /** What the Go operator sent, by paths such as `apps/v1/deployments/wsproxy-eu`. */
  readonly written: GoChildren["written"];
  readonly status: WorkspaceProxyStatus;
}

/** Makes one, step by step as the Go operator does, and waits until its pods are ready. It never writes the resource itself. */
export async function goProxy(rig: ProxyRig, options: GoProxyOptions = {}): Promise<GoProxy> {
  const { name = "eu", manager = GO_MANAGER, home = rig.coder, ready = true, bootstrap = true } = options;
  const spec = bootstrap === false
    ? byHand(home, name, options.spec)
    : { ...options.spec, bootstrap: await rig.bootstrap(bootstrap === true ? {} : bootstrap, home) };
  const registered = registration(home, name, spec, options.inCoder ?? true);
  const secret = spec.bootstrap === undefined
    ? { key: "token", ...spec.proxySessionTokenSecretRef, name: spec.proxySessionTokenSecretRef?.name ?? "" }
    : { name: workspaceProxyTokenSecretName(name, spec.bootstrap.generatedTokenSecretName), key: "token" };
  if (spec.bootstrap === undefined) {
    await rig.live.putSecret(secret.name, { [secret.key]: registered.token });
  }
  const object = await rig.proxies.create(name, spec);
  const children = new GoChildren(rig.live, manager, object, "coder-workspace-proxy");
  if (spec.bootstrap !== undefined) await children.secret(secret.name, secret.key, registered.token);
  const deployment = workspaceProxyName(name);
  const replicas = spec.replicas ?? 1;
  const template = goTemplate(spec, secret);
  const status: WorkspaceProxyStatus = {
    observedGeneration: object.metadata.generation ?? 1,
    ...(spec.bootstrap !== undefined && { registered: true }),
    proxyTokenSecretRef: secret,
    phase: "Pending",
  };
  const write = () =>
    children.update<CoderWorkspaceProxy>(rig.proxies.path(name, "status"), (live) => {
      live.status = structuredClone(status);
    });
  await children.deployment(deployment, replicas, template);
  const { type = "ClusterIP", port = 80, annotations } = spec.service ?? {};
  const ports = [{ name: "http", protocol: "TCP", port: port || 80, targetPort: 3001 }];
  await children.service(deployment, { type, ports }, annotations);
  await write();
  if (ready && replicas > 0) {
    await rig.live.rolledOut(deployment, replicas);
    Object.assign(status, { readyReplicas: replicas, phase: "Ready" });
  }
  await children.deploymentAgain(deployment, template);
  await write();
  return { name, registered, deployment, secret, written: children.written, status };
}

/** Where a user brings the token, they name the Coder, too. */
function byHand(home: CoderHome, name: string, spec: GoProxyOptions["spec"]): WorkspaceProxySpecInput {
  return {
    primaryAccessURL: home.fake.url,
    proxySessionTokenSecretRef: { name: `${name}-brought` },
    ...spec,
  };
}

function registration(
  { fake: { state } }: CoderHome,
  name: string,
  { bootstrap }: WorkspaceProxySpecInput,
  inCoder: boolean,
): FakeProxy {
  const id = randomUUID();
  const proxy: FakeProxy = {
    id,
    name: bootstrap?.proxyName || name,
    display_name: bootstrap?.displayName ?? "",
    icon_url: bootstrap?.icon ?? "",
    deleted: false,
    created_at: GO_TIME,
    updated_at: GO_TIME,
    status: "ok",
    token: `${id}:${randomBytes(32).toString("hex")}`,
  };
  if (inCoder) state.proxies.push(proxy);
  return proxy;
}

function goTemplate(spec: WorkspaceProxySpecInput, secretKeyRef: { name: string; key: string }): GoTemplate {
  const { image, derpOnly, extraArgs = [], extraEnv = [], imagePullSecrets, bootstrap } = spec;
  return {
    spec: {
      ...(imagePullSecrets && { imagePullSecrets }),
      containers: [{
        name: "workspace-proxy",
        image: image || "ghcr.io/coder/coder:latest",
        args: [
          "wsproxy",
          "server",
          "--http-address=0.0.0.0:3001",
          ...(derpOnly === true ? ["--derp-only"] : []),
          ...extraArgs,
        ],
        env: [
          { name: "CODER_PRIMARY_ACCESS_URL", value: spec.primaryAccessURL || bootstrap?.coderURL || "" },
          { name: "CODER_PROXY_SESSION_TOKEN", valueFrom: { secretKeyRef } },
          ...extraEnv,
        ],
        ports: [{ name: "http", containerPort: 3001, protocol: "TCP" }],
        resources: {},
      }],
    },
  };
}
