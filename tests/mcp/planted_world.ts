/** Secrets in every place that a tool can read, in a real cluster and in a Coder, and what they are. */
import { randomUUID } from "node:crypto";
import { bytesOf, newFile, writeTar } from "../../src/archive/mod.ts";
import type { Cluster } from "../cluster/mod.ts";
import {
  addDaemon,
  addJob,
  addLogLine,
  addTemplate,
  addVersion,
  addWorkspace,
  fakeLicense,
  type FakeState,
  type FakeUser,
} from "../fake-coder/mod.ts";

/** Remembers what was planted where. */
export class Planted {
  readonly places = new Map<string, string>();

  #keep(value: string, place: string): string {
    this.places.set(value, place);
    return value;
  }

  /** Nothing in it says that it is one: only those who never show the place keep it secret. */
  secret(place: string): string {
    return this.#keep(`pl${randomUUID().replaceAll("-", "")}`, place);
  }

  /** As Coder's tokens are: text that anybody may write, such as logs, is searched for those. */
  token(place: string): string {
    const text = `${randomUUID()}${randomUUID()}`.replaceAll("-", "");
    return this.#keep(`${text.slice(0, 10)}-${text.slice(10, 32)}`, place);
  }

  known(value: string, place: string): void {
    this.#keep(value, place);
  }

  /** Places whose secret is in the text, as it is or in another form. */
  in(text: string): string[] {
    return [...this.places].filter(([value]) =>
      text.includes(value) || text.includes(encodeURIComponent(value)) ||
      text.includes(btoa(value).slice(0, -4))
    ).map(([, place]) => place);
  }
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Objects of `lab`, beside the control plane `coder`, which is there. */
export async function plantInCluster(cluster: Cluster, planted: Planted, node: string): Promise<void> {
  const namespace = "lab";
  const annotations = (of: string) => ({
    [LAST_APPLIED]: JSON.stringify({
      spec: { env: [{ name: "X", value: planted.secret(`${of}: last applied`) }] },
    }),
    "example.com/api-token": planted.secret(`${of}: an annotation whose name says it`),
    "example.com/note": `use ${planted.token(`${of}: an annotation with a token`)}`,
  });
  const env = (of: string) => [
    { name: "DB_URL", value: `postgres://coder:${planted.secret(`${of}: a password in env`)}@db/coder` },
    { name: "PLAIN", value: planted.secret(`${of}: env`) },
  ];
  const container = (of: string) => ({ name: "coder", image: "example/coder:1", env: env(of) });
  const labels = {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
  };
  const value = planted.secret("a Secret");
  const path = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes/coder`;
  const { metadata: { uid } } = await cluster.request("GET", path);
  const owner = {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    name: "coder",
    uid,
    controller: true,
  };
  await cluster.apply([
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", annotations: annotations("Secret") },
      stringData: { url: `postgres://x:${value}@db/y`, password: planted.secret("a Secret's password") },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "coder", ownerReferences: [owner], annotations: annotations("Deployment") },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { nodeName: node, containers: [container("Deployment")] } },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "coder", annotations: annotations("Service") },
      spec: { selector: labels, ports: [{ port: 80 }] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "dev", annotations: annotations("Pod") },
      spec: { nodeName: node, containers: [container("Pod")] },
    },
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderProvisioner",
      metadata: { name: "prov", annotations: annotations("CoderProvisioner") },
      spec: { controlPlaneRef: { name: "coder" }, extraEnv: env("CoderProvisioner") },
    },
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderWorkspaceProxy",
      metadata: { name: "proxy", annotations: annotations("CoderWorkspaceProxy") },
      spec: { controlPlaneRef: { name: "coder" }, extraEnv: env("CoderWorkspaceProxy") },
    },
  ], namespace);
  await cluster.request("PATCH", path, {
    metadata: { annotations: annotations("CoderControlPlane") },
    spec: { extraEnv: env("CoderControlPlane") },
  });
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "told", annotations: annotations("Event") },
    involvedObject: { kind: "Pod", name: "dev", namespace },
    type: "Warning",
    reason: "Failed",
    message: `cannot sign in with ${planted.token("an event")}`,
    lastTimestamp: new Date().toISOString().replace(/\.\d+/, ""),
  });
}

/** Lines of a log that a program wrote without a thought. */
export function carelessLog(planted: Planted, registered: string, of: string): string[] {
  return [
    "starting",
    `CODER_SESSION_TOKEN=${planted.token(`${of}: an assignment`)}`,
    `{"level":"debug","password":"${planted.secret(`${of}: JSON`)}"}`,
    `GET https://ann:${planted.secret(`${of}: a URL`)}@git.example.com/a.git`,
    `Authorization: Bearer ${planted.secret(`${of}: a header`)}`,
    `the operator's own is ${registered}`,
    "ready",
  ];
}

/** A template with versions and a workspace, whose records say more than they should. */
export function plantInCoder(state: FakeState, owner: FakeUser, planted: Planted, registered: string) {
  for (const { id, secret } of state.keys.values()) planted.known(`${id}-${secret}`, "a session token");
  const template = addTemplate(state, "docker", {
    description: `sign in with ${planted.token("a description")}`,
  });
  const version = (of: string) =>
    addVersion(
      state,
      template,
      bytesOf(writeTar([
        newFile("main.tf", `# ${of}\nlocals {\n  password = "${planted.secret(`a file: ${of}`)}"\n}\n`),
        newFile("run.sh", `curl -H "Coder-Session-Token: ${planted.token(`a script: ${of}`)}"\n# ${of}\n`),
      ])),
    );
  // Whatever tools make the active one: there is always one before it.
  const [, ...versions] = [version("oldest"), version("first"), version("second")];
  for (const [index, record] of state.templateVersions.entries()) {
    record["created_at"] = new Date(Date.now() - 3_600_000 + index * 60_000).toISOString();
    record["variables"] = [{ name: "key", value: planted.secret("a variable"), sensitive: true }];
    record["message"] = `made with ${planted.token("a message of a version")}`;
    for (const line of carelessLog(planted, registered, "log of an import")) {
      addLogLine(state, String(record["id"]), "Plan", line);
    }
  }
  const workspace = addWorkspace(state, owner, "dev");
  const build = workspace.latest_build as Record<string, unknown>;
  build["deadline"] = new Date(Date.now() + 3_600_000).toISOString();
  build["resources"] = [{
    id: randomUUID(),
    name: "main",
    type: "docker_container",
    metadata: [{ key: "key", value: planted.secret("metadata of a resource"), sensitive: true }],
    agents: [{
      id: randomUUID(),
      name: "main",
      status: "connected",
      lifecycle_state: "ready",
      auth_token: planted.secret("a token of an agent"),
      environment_variables: { KEY: planted.secret("env of an agent") },
      startup_script: `export KEY=${planted.secret("a script of an agent")}`,
      apps: [{
        slug: "ide",
        display_name: "IDE",
        health: "healthy",
        command: `ide --key ${planted.secret("a command of an app")}`,
        url: `http://localhost:1/?token=${planted.secret("a URL of an app")}`,
      }],
    }],
  }];
  state.buildParameters.set(String(build["id"]), [
    { name: "db_password", value: planted.secret("a parameter whose name says it") },
    { name: "note", value: planted.token("a parameter") },
  ]);
  for (const line of carelessLog(planted, registered, "log of a build")) {
    addLogLine(state, String(build["id"]), "Apply", line);
  }
  state.environment.set(
    "CODER_PG_CONNECTION_URL",
    `postgres://a:${planted.secret("Coder's options")}@db/coder`,
  );
  const jwt = fakeLicense();
  planted.known(jwt, "a licence");
  state.licenses.push({
    id: state.nextLicenseId++,
    uuid: randomUUID(),
    uploaded_at: state.time(),
    claims: JSON.parse(atob(jwt.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/"))),
    jwt,
  });
  state.provisionerKeys.push({
    id: randomUUID(),
    created_at: state.time(),
    organization: state.defaultOrganization.id,
    name: "prov",
    tags: {},
    secret: planted.secret("a provisioner key"),
  });
  state.proxies.push({
    id: randomUUID(),
    name: "proxy",
    display_name: "",
    icon_url: "",
    deleted: false,
    created_at: state.time(),
    updated_at: state.time(),
    status: "ok",
    token: planted.secret("a proxy's token"),
  });
  addDaemon(state, { name: "daemon" });
  addJob(state, { status: "pending" });
  return { template, versions, workspace, build: String(build["id"]) };
}
