import assert from "node:assert/strict";
import { controlPlane } from "./testing.ts";
import { namesDatabase, warningsOf } from "./warnings.ts";

const reasons = (spec: Parameters<typeof controlPlane>[0], replicas: number, databaseKnown: boolean) =>
  warningsOf(controlPlane(spec), { replicas, databaseKnown }).map(({ reason }) => reason);

Deno.test("several pods need a database that they share", () => {
  assert.deepEqual(reasons({}, 1, false), []);
  assert.deepEqual(reasons({}, 2, false), ["BuiltInDatabaseShared"]);
  assert.deepEqual(reasons({}, 2, true), []);
});

Deno.test("a database is named by environment or argument", () => {
  assert.equal(namesDatabase(controlPlane()), false);
  assert.equal(namesDatabase(controlPlane({ extraEnv: [{ name: "CODER_PG_CONNECTION_URL" }] })), true);
  assert.equal(namesDatabase(controlPlane({ extraArgs: ["--postgres-url=postgres://x"] })), true);
});

Deno.test("repeated names of the user are told, overrides of the operator's are not", () => {
  const twice = [{ name: "A", value: "1" }, { name: "A", value: "2" }];
  const [warning] = warningsOf(controlPlane({ extraEnv: twice }), { replicas: 1, databaseKnown: true });
  assert.equal(warning?.reason, "RepeatedEnvironment");
  assert.match(warning?.message ?? "", /defines A more than once; the last/);
  assert.deepEqual(reasons({ extraEnv: [{ name: "KUBE_POD_IP", value: "1" }] }, 1, true), []);
});

Deno.test("no warning shows a value", () => {
  const spec = { extraEnv: [{ name: "TOKEN", value: "hunter2" }, { name: "TOKEN", value: "hunter3" }] };
  const text = JSON.stringify(warningsOf(controlPlane(spec), { replicas: 2, databaseKnown: false }));
  assert.doesNotMatch(text, /hunter/);
});

Deno.test("sign-in that anybody on the way could use, or nobody, is warned of", () => {
  const reasons = (signIn: NonNullable<Parameters<typeof controlPlane>[0]>["signIn"] & object) =>
    warningsOf(controlPlane({ signIn }), { replicas: 1, databaseKnown: true }).map(({ reason }) => reason);
  const oidc = (issuerURL: string) => ({ issuerURL, clientID: "coder" });
  assert.deepEqual(reasons({ oidc: oidc("http://id.example.com") }), ["InsecureIssuer"]);
  assert.deepEqual(reasons({ oidc: oidc(" HTTPS://id.example.com") }), []);
  assert.deepEqual(reasons({ disablePassword: true }), ["NobodySignsIn"]);
  assert.deepEqual(reasons({ disablePassword: true, oidc: oidc("https://id.example.com") }), []);
  assert.deepEqual(reasons({}), []);
});

Deno.test("a database may be named in arguments of one's own", () => {
  assert.equal(namesDatabase(controlPlane({ args: ["server", "--postgres-url=x"] })), true);
});
