import assert from "node:assert/strict";
import { coder, converted } from "./testing.ts";

Deno.test("variables keep their order, and unquoted values become text", () => {
  const { spec, said } = coder(
    "{env: [{name: A, value: x}, {name: B, value: 7}, {name: C, value: true}, {name: A, value: z}]}",
  );
  assert.deepEqual(spec.extraEnv, [
    { name: "A", value: "x" },
    { name: "B", value: "7" },
    { name: "C", value: "true" },
    { name: "A", value: "z" },
  ]);
  assert.deepEqual(said, []);
});

Deno.test("variables that Kubernetes would refuse are left out, each with a word", () => {
  const { spec, said } = coder(
    "{env: [{value: x}, text, {name: ''}, {name: a=b}, {name: A, value: {b: 1}}, {name: OK}]}",
  );
  assert.deepEqual(spec.extraEnv, [{ name: "OK" }]);
  assert.deepEqual(said.map((line) => line.split(":")[0]), [
    "coder.env[0]",
    "coder.env[1]",
    "coder.env[2]",
    "coder.env[3]",
    "coder.env[4].value",
  ]);
});

Deno.test("sources name one ConfigMap or Secret each", () => {
  const { spec, said } = coder(
    "{envFrom: [{prefix: P_, secretRef: {name: s}}, {configMapRef: {name: c}, secretRef: {name: s}}, {configMapRef: {}}, {}]}",
  );
  assert.deepEqual(spec.envFrom, [{ prefix: "P_", secretRef: { name: "s" } }]);
  assert.deepEqual(
    said.map((line) => line.split(":")[0]),
    [1, 2, 3].map((index) => `coder.envFrom[${index}]`),
  );
});

Deno.test("metrics and profiles listen where the chart lets them listen, and only where they are on", () => {
  const names = (values: string) => (coder(values).spec.extraEnv ?? []).map(({ name }) => name);
  assert.deepEqual(names("{}"), []);
  assert.deepEqual(names("{env: [{name: CODER_PROMETHEUS_ENABLE, value: 'true'}]}"), [
    "CODER_PROMETHEUS_ADDRESS",
    "CODER_PROMETHEUS_ENABLE",
  ]);
  assert.deepEqual(
    names("{env: [{name: CODER_PPROF_ENABLE, value: 'true'}, {name: CODER_PPROF_ADDRESS, value: x}]}"),
    [
      "CODER_PPROF_ENABLE",
      "CODER_PPROF_ADDRESS",
    ],
    "an address of one's own stays",
  );
  assert.deepEqual(names("{envFrom: [{secretRef: {name: s}}]}"), [
    "CODER_PROMETHEUS_ADDRESS",
    "CODER_PPROF_ADDRESS",
  ]);
});

Deno.test("the missing name of the metrics port is remarked at the environment", () => {
  const { said } = coder("{env: [{name: CODER_PROMETHEUS_ENABLE, value: 'true'}]}");
  assert.match(said.join(), /^# coder\.env: .*prometheus-http.*2112/);
});

Deno.test("the image's own command is not written, another one comes with arguments and the address", () => {
  for (
    const values of ["{}", "{command: [/opt/coder]}", "{command: []}", "{command: null}", "{commandArgs: []}"]
  ) {
    const { command, args, extraEnv } = coder(values).spec;
    assert.deepEqual([command, args, extraEnv], [undefined, undefined, undefined], values);
  }
  const address = { name: "CODER_HTTP_ADDRESS", value: "0.0.0.0:8080" };
  const own = coder("{command: [/bin/c]}").spec;
  assert.deepEqual([own.command, own.args, own.extraEnv], [["/bin/c"], ["server"], [address]]);
  const args = coder("{commandArgs: [server, --verbose]}").spec;
  assert.deepEqual([args.command, args.args, args.extraEnv], [["/opt/coder"], ["server", "--verbose"], [
    address,
  ]]);
});

Deno.test("an address of one's own works only with arguments of one's own", () => {
  const env = "env: [{name: CODER_HTTP_ADDRESS, value: '127.0.0.1:1'}]";
  assert.match(coder(`{${env}}`).said.join(), /^# coder\.env: CODER_HTTP_ADDRESS has no effect/);
  const { spec, said } = coder(`{${env}, commandArgs: [server]}`);
  assert.deepEqual(spec.extraEnv, [{ name: "CODER_HTTP_ADDRESS", value: "127.0.0.1:1" }]);
  assert.deepEqual(said, []);
});

Deno.test("the access URL of the cluster is the default, as in the chart", () => {
  assert.equal(coder("{}").spec.envUseClusterAccessURL, undefined);
  assert.equal(coder("{envUseClusterAccessURL: false}").spec.envUseClusterAccessURL, false);
});

Deno.test("the provisioners' key comes from its Secret", () => {
  const { spec } = converted(
    "provisionerDaemon: {pskSecretName: psk}\ncoder: {env: [{name: A, value: b}]}\n",
  );
  assert.deepEqual(spec.extraEnv, [
    { name: "CODER_PROVISIONER_DAEMON_PSK", valueFrom: { secretKeyRef: { name: "psk", key: "psk" } } },
    { name: "A", value: "b" },
  ]);
});

Deno.test("where there are IPv6 addresses alone, Coder listens on them", () => {
  const relay = { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://[$(KUBE_POD_IP)]:8080" };
  const plain = coder("{singleStackIPv6: true}").spec;
  assert.deepEqual([plain.command, plain.args, plain.extraEnv], [undefined, ["--http-address=[::]:8080"], [
    relay,
  ]]);
  const env = "env: [{name: CODER_PROMETHEUS_ENABLE, value: 'true'}]";
  const more = coder(`{singleStackIPv6: true, commandArgs: [server], tls: {secretNames: [t]}, ${env}}`).spec;
  assert.deepEqual(more.args, ["server"]);
  assert.deepEqual(more.extraEnv?.map(({ name, value }) => `${name}=${value}`), [
    "CODER_HTTP_ADDRESS=[::]:8080",
    "CODER_PROMETHEUS_ADDRESS=[::]:2112",
    "CODER_DERP_SERVER_RELAY_URL=http://[$(KUBE_POD_IP)]:8080",
    "CODER_TLS_ADDRESS=[::]:8443",
    "CODER_PROMETHEUS_ENABLE=true",
  ]);
});
