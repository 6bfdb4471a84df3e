import assert from "node:assert/strict";
import path from "node:path";
import { KubeConfigError } from "./connection.ts";
import { loadKubeConfig, type LoadOptions, readNamespace } from "./kube_config.ts";

/** A directory with files; `load` uses nothing outside it unless told. */
async function directory(files: Record<string, string> = {}) {
  const root = await Deno.makeTempDir({ prefix: "kube-config-" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(path.join(root, path.dirname(name)), { recursive: true });
    await Deno.writeTextFile(path.join(root, name), text);
  }
  return {
    at: (name: string) => path.join(root, name),
    load: (options: LoadOptions = {}) =>
      loadKubeConfig({
        env: {},
        home: path.join(root, "home"),
        serviceAccountDirectory: path.join(root, "sa"),
        ...options,
      }),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

interface Names {
  context?: string;
  cluster?: string;
  user?: string;
  server?: string;
  current?: string;
}

function config(
  names: Names = {},
  cluster: object = {},
  user: object = { token: "t" },
  context: object = {},
): string {
  const { context: name = "ctx", cluster: clusterName = "c", user: userName = "u" } = names;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: clusterName, cluster: { server: names.server ?? "https://one:6443", ...cluster } }],
    users: [{ name: userName, user }],
    contexts: [{ name, context: { cluster: clusterName, user: userName, ...context } }],
    "current-context": names.current ?? name,
  });
}

Deno.test("--kubeconfig names the only file", async () => {
  await using dir = await directory({
    "given": config({ server: "https://given:1/" }),
    "listed": config({ server: "https://listed:1" }),
  });
  const connection = dir.load({ kubeconfig: dir.at("given"), env: { KUBECONFIG: dir.at("listed") } });
  assert.equal(connection.server.href, "https://given:1/");
  assert.deepEqual([connection.context, connection.source], ["ctx", dir.at("given")]);
});

Deno.test("KUBECONFIG comes before the home directory, and that before the service account", async () => {
  await using dir = await directory({
    "listed": config({ server: "https://listed:1" }),
    "home/.kube/config": config({ server: "https://home:1" }),
    "sa/token": "t",
  });
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  assert.equal(dir.load({ env: { ...env, KUBECONFIG: dir.at("listed") } }).server.hostname, "listed");
  assert.equal(dir.load({ env }).server.hostname, "home");
  await Deno.remove(dir.at("home/.kube/config"));
  assert.equal(dir.load({ env }).server.hostname, "10.0.0.1");
});

Deno.test("several files are merged as kubectl does: the first to say something wins, missing ones are skipped", async () => {
  await using dir = await directory({
    "one": config({ context: "a", current: "" }),
    "two": config({ context: "a", current: "b", server: "https://two:1" }),
    "three": config({ context: "b", cluster: "c3", server: "https://three:1", current: "a" }),
  });
  const KUBECONFIG = [dir.at("none"), dir.at("one"), "", dir.at("two"), dir.at("three")].join(path.delimiter);
  const connection = dir.load({ env: { KUBECONFIG } });
  assert.equal(connection.context, "b", "the first current-context that is not empty");
  assert.equal(connection.server.hostname, "three");
  assert.equal(dir.load({ env: { KUBECONFIG }, context: "a" }).server.hostname, "one");
});

Deno.test("the context's namespace is used, else default", async () => {
  await using dir = await directory({
    "plain": config(),
    "named": config({}, {}, {}, { namespace: "team" }),
  });
  assert.equal(dir.load({ kubeconfig: dir.at("plain") }).namespace, "default");
  assert.equal(dir.load({ kubeconfig: dir.at("named") }).namespace, "team");
});

Deno.test("a YAML kubeconfig is read like a JSON one", async () => {
  const text = [
    "apiVersion: v1",
    "kind: Config",
    "current-context: dev",
    "clusters:",
    "- {name: c, cluster: {server: 'https://yaml:1', insecure-skip-tls-verify: true, tls-server-name: kube}}",
    "users: []",
    "contexts:",
    "- {name: dev, context: {cluster: c}}",
  ].join("\n");
  await using dir = await directory({ "config": text });
  const connection = dir.load({ kubeconfig: dir.at("config") });
  assert.deepEqual([connection.skipTlsVerify, connection.tlsServerName], [true, "kube"]);
  assert.deepEqual((await connection.credentials()).headers, {});
});

Deno.test("certificate files are looked for beside their kubeconfig", async () => {
  await using dir = await directory({
    "deep/config": config({}, { "certificate-authority": "ca.pem" }, {
      "client-certificate": "../cert.pem",
      "client-key": "key.pem",
    }),
    "deep/ca.pem": "CA",
    "cert.pem": "CERT",
    "deep/key.pem": "KEY",
  });
  const { tls } = await dir.load({ kubeconfig: dir.at("deep/config") }).credentials();
  assert.deepEqual(tls, { ca: "CA", cert: "CERT", key: "KEY" });
});

Deno.test("an exec plugin with a path is looked for beside its kubeconfig, a bare name is left to PATH", async () => {
  const exec = (command: string) => ({ exec: { apiVersion: "client.authentication.k8s.io/v1", command } });
  await using dir = await directory({
    "deep/relative": config({}, {}, exec("./bin/login")),
    "deep/bare": config({}, {}, exec("aws")),
  });
  assert.equal(dir.load({ kubeconfig: dir.at("deep/relative") }).execCommand, dir.at("deep/bin/login"));
  assert.equal(dir.load({ kubeconfig: dir.at("deep/bare") }).execCommand, "aws");
});

Deno.test("in a pod the service account is used, with its namespace and rotated token", async () => {
  await using dir = await directory({ "sa/token": "one\n", "sa/ca.crt": "CA", "sa/namespace": " coder \n" });
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
  const connection = dir.load({ env });
  assert.equal(connection.server.href, "https://[fd00::1]:6443/");
  assert.deepEqual([connection.namespace, connection.context, connection.source], [
    "coder",
    "in-cluster",
    "in-cluster",
  ]);
  const { headers, tls } = await connection.credentials();
  assert.deepEqual([headers, tls], [{ authorization: "Bearer one" }, { ca: "CA" }]);
});

Deno.test("the port of the service is 443 where none is given, and the namespace default", async () => {
  await using dir = await directory({ "sa/token": "t" });
  const connection = dir.load({ env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } });
  assert.deepEqual([connection.server.href, connection.namespace], ["https://10.0.0.1/", "default"]);
});

Deno.test("readNamespace() gives nothing where there is no file, or an empty one", async () => {
  await using dir = await directory({ "full/namespace": "x\n", "blank/namespace": " \n" });
  assert.deepEqual([dir.at("full"), dir.at("blank"), dir.at("none")].map(readNamespace), [
    "x",
    undefined,
    undefined,
  ]);
});

Deno.test("proxies come from the cluster entry, else from the environment", async () => {
  await using dir = await directory({
    "proxied": config({}, { "proxy-url": "http://p:3128" }),
    "plain": config(),
  });
  const env = { HTTPS_PROXY: "http://q:8080" };
  assert.equal(dir.load({ kubeconfig: dir.at("proxied"), env }).proxy?.host, "p:3128");
  assert.equal(dir.load({ kubeconfig: dir.at("plain"), env }).proxy?.host, "q:8080");
  assert.equal(dir.load({ kubeconfig: dir.at("plain") }).proxy, undefined);
});

Deno.test("each mistake is named with its file and what to do", async () => {
  await using dir = await directory({
    "not-yaml": "a: [",
    "empty": "",
    "list": "- a",
    "no-current": config({ current: "" }),
    "wrong-current": config({ context: "real", current: "other" }),
    "no-contexts": JSON.stringify({ clusters: [], users: [], contexts: [] }),
    "no-server": config({}, { server: "" }),
    "bad-server": config({ server: "ftp://x" }),
    "no-scheme": config({ server: "x:6443" }),
    "no-user": JSON.stringify({ ...JSON.parse(config()), users: [] }),
    "no-cluster": JSON.stringify({ ...JSON.parse(config()), clusters: [] }),
    "nameless": JSON.stringify({ ...JSON.parse(config()), users: [{ user: {} }] }),
  });
  await Deno.mkdir(dir.at("folder"));
  const expected: Record<string, RegExp> = {
    "absent": /absent \(from --kubeconfig\) does not exist/,
    "folder": /Cannot read the kubeconfig .*folder/,
    "not-yaml": /not-yaml is not valid YAML/,
    "empty": /empty is empty or not a mapping/,
    "list": /list is empty or not a mapping/,
    "no-current": /no-current has no current-context\. Its contexts: ctx\./,
    "wrong-current": /wrong-current has no context "other"\. Its contexts: real\./,
    "no-contexts": /no current-context\. It has no contexts at all\./,
    "no-server": /no-server is not valid: .*server is missing/,
    "bad-server": /"ftp:\/\/x" of cluster "c" of .*bad-server is not an https/,
    "no-scheme": /is not an https:\/\/ or http:\/\/ address/,
    "no-user": /Context "ctx" of .*no-user names the user "u", which is missing/,
    "no-cluster": /names the cluster "c", which is missing/,
    "nameless": /nameless is not valid: users\[0\]\.name is missing/,
  };
  for (const [file, message] of Object.entries(expected)) {
    assert.throws(() => dir.load({ kubeconfig: dir.at(file) }), (error) => {
      assert.ok(error instanceof KubeConfigError, file);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("where nothing is found, everything that was looked for is named", async () => {
  await using dir = await directory();
  assert.throws(() => dir.load({ env: { KUBECONFIG: dir.at("gone") } }), (error) => {
    assert.ok(error instanceof KubeConfigError);
    for (const part of ["--kubeconfig", "KUBECONFIG", ".kube/config", "service account"]) {
      assert.ok(error.message.includes(part), part);
    }
    return true;
  });
});

Deno.test("a context that is asked for and missing is refused with the choices", async () => {
  await using dir = await directory({ "config": config({ context: "prod" }) });
  assert.throws(
    () => dir.load({ kubeconfig: dir.at("config"), context: "dev" }),
    /has no context "dev"\. Its contexts: prod\./,
  );
});
