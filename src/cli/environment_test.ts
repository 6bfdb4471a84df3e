import assert from "node:assert/strict";
import { readEnvironment } from "./environment.ts";
import { isServiceLink, OPTIONS } from "./options.ts";

/** What the kubelet injects for one Service: its documented variables, for each port, named or not. */
function serviceLinks(service: string, ports: readonly { name?: string; port: number; protocol: string }[]) {
  const prefix = service.toUpperCase().replaceAll("-", "_");
  const host = "10.96.7.7";
  const first = ports[0];
  assert.ok(first);
  const result: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: host,
    [`${prefix}_SERVICE_PORT`]: `${first.port}`,
    [`${prefix}_PORT`]: `${first.protocol.toLowerCase()}://${host}:${first.port}`,
  };
  for (const { name, port, protocol } of ports) {
    if (name !== undefined) {
      result[`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll("-", "_")}`] = `${port}`;
    }
    const base = `${prefix}_PORT_${port}_${protocol}`;
    result[base] = `${protocol.toLowerCase()}://${host}:${port}`;
    result[`${base}_PROTO`] = protocol.toLowerCase();
    result[`${base}_PORT`] = `${port}`;
    result[`${base}_ADDR`] = host;
  }
  return result;
}

Deno.test("the variables of Services named coder-k8s and coder-k8s-* are passed over in silence", () => {
  const environment = {
    ...serviceLinks("coder-k8s", [
      { name: "mcp", port: 8090, protocol: "TCP" },
      { name: "bind-address", port: 8091, protocol: "UDP" },
    ]),
    ...serviceLinks("coder-k8s-apiserver", [{ name: "https", port: 443, protocol: "TCP" }]),
    ...serviceLinks("coder-k8s-log-level", [{ port: 80, protocol: "SCTP" }]),
    ...serviceLinks("coder-k8s-metrics", [{ name: "debug", port: 8080, protocol: "TCP" }]),
  };
  assert.ok("CODER_K8S_SERVICE_PORT_MCP" in environment && "CODER_K8S_PORT_8090_TCP_ADDR" in environment);
  for (const name of Object.keys(environment)) assert.ok(isServiceLink(name), name);
  const { values, unknown } = readEnvironment(environment);
  assert.equal(values.size, 0);
  assert.deepEqual(unknown, []);
});

Deno.test("no option's twin can be a variable that the kubelet injects", () => {
  for (const option of OPTIONS) assert.equal(isServiceLink(option.env), false, option.env);
  const ends = /_(HOST|PORT|PROTO|ADDR)$/;
  for (const option of OPTIONS) assert.doesNotMatch(option.env, ends, "keep well away from injected names");
});

Deno.test("a variable without the prefix is no service link of ours", () => {
  assert.equal(isServiceLink("KUBERNETES_SERVICE_HOST"), false);
});

Deno.test("twins are read under their names", () => {
  const { values } = readEnvironment({
    CODER_K8S_LOG_LEVEL: "debug",
    CODER_K8S_LEADER_ELECTION_NAMESPACE: "coder-system",
    LOG_LEVEL: "error",
  });
  assert.deepEqual(Object.fromEntries(values), {
    logLevel: { variable: "CODER_K8S_LOG_LEVEL", value: "debug" },
    leaderElectionNamespace: { variable: "CODER_K8S_LEADER_ELECTION_NAMESPACE", value: "coder-system" },
  });
});

Deno.test("the four template build variables of the Go operator are twins", () => {
  const names = ["WAIT_TIMEOUT", "BACKOFF_AFTER", "INITIAL_POLL_INTERVAL", "MAX_POLL_INTERVAL"];
  const environment = Object.fromEntries(names.map((name) => [`CODER_K8S_TEMPLATE_BUILD_${name}`, "5s"]));
  const { values, unknown } = readEnvironment(environment);
  assert.equal(values.size, 4);
  assert.deepEqual(unknown, []);
});

Deno.test("an empty variable counts as not set", () => {
  assert.equal(readEnvironment({ CODER_K8S_LOG_LEVEL: "" }).values.size, 0);
});

Deno.test("the session token is also read where Coder's own command line has it, the twin first", () => {
  const alone = readEnvironment({ CODER_SESSION_TOKEN: "a" }).values.get("coderSessionToken");
  assert.deepEqual(alone, { variable: "CODER_SESSION_TOKEN", value: "a" });
  const both = readEnvironment({ CODER_SESSION_TOKEN: "a", CODER_K8S_CODER_SESSION_TOKEN: "b" });
  assert.equal(both.values.get("coderSessionToken")?.value, "b");
});

Deno.test("other variables with the prefix are reported with a suggestion, not refused", () => {
  const { values, unknown } = readEnvironment({ CODER_K8S_LOGLEVEL: "debug", CODER_K8S_QQQQQQQQ: "1" });
  assert.equal(values.size, 0);
  assert.deepEqual(unknown, [
    { variable: "CODER_K8S_LOGLEVEL", suggestion: "CODER_K8S_LOG_LEVEL" },
    { variable: "CODER_K8S_QQQQQQQQ", suggestion: undefined },
  ]);
});
