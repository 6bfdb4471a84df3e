import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { ConfigMaps } from "../../src/api/kubernetes/resources.ts";
import { KubeApiError, KubeConnectionError } from "../../src/kube/errors.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient, type RestClient } from "../../src/kube/rest/rest_client.ts";
import { createReviewer } from "../../src/kube/reviews.ts";
import { serviceAccountUser } from "../cluster/mod.ts";
import { withClient } from "./client_harness.ts";

/** Who the API server thinks that we are. */
async function whoAmI(client: RestClient): Promise<{ username: string; groups: string[] }> {
  const review = await client.raw("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  }) as { status: { userInfo: { username: string; groups: string[] } } };
  return review.status.userInfo;
}

function execUser(command: string): object {
  return {
    exec: { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" },
  };
}

async function script(file: string, body: string): Promise<string> {
  await Deno.writeTextFile(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

function credential(status: object): string {
  return JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status });
}

Deno.test("a client certificate from data and from files proves who we are", () =>
  withClient(async ({ cluster, kubeconfig, client, directory }) => {
    const { certPem, keyPem } = await cluster.issueCertificate({
      commonName: "jane",
      organizations: ["team-a"],
      usage: ["client"],
    });
    const fromData = await kubeconfig({
      "client-certificate-data": btoa(certPem),
      "client-key-data": btoa(keyPem),
    });
    const jane = await whoAmI(client(fromData));
    assert.equal(jane.username, "jane");
    assert.ok(jane.groups.includes("team-a"));

    await Deno.writeTextFile(join(directory, "jane.crt"), certPem);
    await Deno.writeTextFile(join(directory, "jane.key"), keyPem);
    const fromFiles = await kubeconfig({ "client-certificate": "jane.crt", "client-key": "jane.key" });
    assert.equal((await whoAmI(client(fromFiles))).username, "jane");
  }));

Deno.test("a token proves who we are, and a wrong one is refused with advice", () =>
  withClient(async ({ cluster, kubeconfig, client, namespace }) => {
    const account = { namespace, name: "robot" };
    const token = await cluster.serviceAccountToken(account);
    assert.equal((await whoAmI(client(await kubeconfig({ token })))).username, serviceAccountUser(account));
    await assert.rejects(whoAmI(client(await kubeconfig({ token: "wrong" }))), (error) => {
      assert.ok(error instanceof KubeApiError);
      assert.equal(error.code, 401);
      assert.match(error.message, /Check the credentials of the kubeconfig user/);
      return true;
    });
  }));

Deno.test("a token file that was rotated is read again when the old token is refused", () =>
  withClient(async ({ cluster, kubeconfig, client, namespace, directory }) => {
    const account = { namespace, name: "robot" };
    await Deno.writeTextFile(join(directory, "token"), "expired\n");
    const robot = client(await kubeconfig({ tokenFile: "token" }));
    await assert.rejects(whoAmI(robot), KubeApiError);
    await Deno.writeTextFile(join(directory, "token"), `${await cluster.serviceAccountToken(account)}\n`);
    assert.equal((await whoAmI(robot)).username, serviceAccountUser(account));
  }));

Deno.test("an exec plugin's token is used, kept, and fetched anew after a 401", () =>
  withClient(async ({ cluster, kubeconfig, client, namespace, directory }) => {
    const account = { namespace, name: "robot" };
    const answer = join(directory, "answer.json");
    const runs = join(directory, "runs");
    const plugin = await script(join(directory, "plugin"), `echo run >> ${runs}; cat ${answer}`);
    await Deno.writeTextFile(answer, credential({ token: await cluster.serviceAccountToken(account) }));
    const robot = client(await kubeconfig(execUser(plugin)));
    for (let call = 0; call < 3; call++) {
      assert.equal((await whoAmI(robot)).username, serviceAccountUser(account));
    }
    assert.equal(await Deno.readTextFile(runs), "run\n");

    const other = { namespace, name: "other" };
    const stale = client(await kubeconfig(execUser(plugin)));
    await Deno.writeTextFile(answer, credential({ token: "stale" }));
    await assert.rejects(whoAmI(stale), KubeApiError);
    assert.equal(await Deno.readTextFile(runs), "run\nrun\nrun\n", "asked once, and once more after the 401");
    await Deno.writeTextFile(answer, credential({ token: await cluster.serviceAccountToken(other) }));
    assert.equal((await whoAmI(stale)).username, serviceAccountUser(other));
  }));

Deno.test("an exec plugin's client certificate is used, and a new one means new connections", () =>
  withClient(async ({ cluster, kubeconfig, client, directory }) => {
    const answer = join(directory, "answer.json");
    await script(join(directory, "plugin"), `cat ${answer}`);
    const write = async (commonName: string, expirationTimestamp: string) => {
      const { certPem, keyPem } = await cluster.issueCertificate({ commonName, usage: ["client"] });
      const status = { clientCertificateData: certPem, clientKeyData: keyPem, expirationTimestamp };
      await Deno.writeTextFile(answer, credential(status));
    };
    await write("jane", new Date(Date.now() - 1_000).toISOString());
    const user = client(await kubeconfig(execUser("./plugin")));
    assert.equal((await whoAmI(user)).username, "jane");
    await write("mary", new Date(Date.now() + 60_000).toISOString());
    assert.equal((await whoAmI(user)).username, "mary");
  }));

Deno.test("in a pod the mounted service account is used", () =>
  withClient(async ({ cluster, namespace, directory }) => {
    const account = { namespace, name: "pod" };
    await Deno.writeTextFile(join(directory, "token"), await cluster.serviceAccountToken(account));
    await Deno.writeTextFile(join(directory, "ca.crt"), cluster.caPem);
    await Deno.writeTextFile(join(directory, "namespace"), namespace);
    const { hostname, port } = new URL(cluster.url);
    const connection = loadKubeConfig({
      env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      serviceAccountDirectory: directory,
      home: directory,
    });
    const pod = createRestClient({ connection });
    assert.equal((await whoAmI(pod)).username, serviceAccountUser(account));
    assert.equal(connection.namespace, namespace);
    pod.close();
  }));

Deno.test("impersonation is passed on", () =>
  withClient(async ({ cluster, kubeconfig, client }) => {
    const { certPem, keyPem } = await cluster.issueCertificate({
      commonName: "root",
      organizations: ["system:masters"],
      usage: ["client"],
    });
    const user = { "client-certificate-data": btoa(certPem), "client-key-data": btoa(keyPem) };
    const jane = client(await kubeconfig({ ...user, as: "jane", "as-groups": ["a", "b"] }));
    const { username, groups } = await whoAmI(jane);
    assert.equal(username, "jane");
    assert.ok(groups.includes("a") && groups.includes("b"));
  }));

Deno.test("a server that an unknown authority signed is refused, unless verification is turned off", () =>
  withClient(async ({ cluster, kubeconfig, client, namespace }) => {
    const account = { namespace, name: "robot" };
    const user = { token: await cluster.serviceAccountToken(account) };
    const unknown = { "certificate-authority-data": btoa(cluster.frontProxy.caPem) };
    await assert.rejects(whoAmI(client(await kubeconfig(user, unknown))), (error) => {
      assert.ok(error instanceof KubeConnectionError);
      assert.match(error.message, /Check certificate-authority in context "ctx"/);
      return true;
    });
    const skipping = { "certificate-authority-data": undefined, "insecure-skip-tls-verify": true };
    assert.equal(
      (await whoAmI(client(await kubeconfig(user, skipping)))).username,
      serviceAccountUser(account),
    );
  }));

Deno.test("tls-server-name is what is asked for and verified in place of the host", () =>
  withClient(async ({ cluster, kubeconfig, client, namespace }) => {
    const account = { namespace, name: "robot" };
    const user = { token: await cluster.serviceAccountToken(account) };
    const named = client(await kubeconfig(user, { "tls-server-name": "kubernetes.default.svc" }));
    assert.equal((await whoAmI(named)).username, serviceAccountUser(account));
    const wrong = client(await kubeconfig(user, { "tls-server-name": "elsewhere.test" }));
    await assert.rejects(whoAmI(wrong), (error) => {
      assert.ok(error instanceof KubeConnectionError);
      assert.match(error.message, /tls-server-name/);
      return true;
    });
  }));

Deno.test("a proxy-url tunnels TLS to the API server", () =>
  withClient(async ({ cluster, kubeconfig, client, namespace }) => {
    const account = { namespace, name: "robot" };
    const user = { token: await cluster.serviceAccountToken(account) };
    const sockets = new Set<net.Socket>();
    let tunnels = 0;
    const proxy = http.createServer();
    proxy.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
      tunnels++;
      const [host, port] = (request.url ?? "").split(":");
      const upstream = net.connect(Number(port), host ?? "", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      for (const end of [socket, upstream]) {
        sockets.add(end);
        end.on("error", () => {});
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as net.AddressInfo;
    const proxied = client(await kubeconfig(user, { "proxy-url": `http://127.0.0.1:${port}` }));
    assert.equal((await whoAmI(proxied)).username, serviceAccountUser(account));
    assert.equal((await whoAmI(proxied)).username, serviceAccountUser(account));
    assert.equal(tunnels, 1);
    proxied.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  }));

Deno.test("reviews tell whose token it is and what they may do", () =>
  withClient(async ({ cluster, admin, namespace, allow }) => {
    const account = { namespace, name: "robot" };
    const token = await cluster.serviceAccountToken(account);
    await allow("robot", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }]);
    const reviews = createReviewer({ client: admin });
    const user = await reviews.authenticate(token);
    assert.equal(user?.username, serviceAccountUser(account));
    assert.equal(await reviews.authenticate("forged"), undefined);
    if (user === undefined) return;
    const { group, plural: resource } = ConfigMaps;
    assert.equal((await reviews.authorize(user, { verb: "get", group, resource, namespace })).allowed, true);
    assert.equal(
      (await reviews.authorize(user, { verb: "list", group, resource, namespace })).allowed,
      false,
    );
    assert.equal((await reviews.authorize(user, { verb: "get", path: "/metrics" })).allowed, false);
    assert.equal((await reviews.authorizeSelf({ verb: "delete", resource: "nodes" })).allowed, true);
  }));
