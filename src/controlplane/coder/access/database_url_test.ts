import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../../api/control_plane.ts";
import type { ObjectKey, ResourceType } from "../../../api/object.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { KubeApiError } from "../../../kube/errors.ts";
import { controlPlane } from "../../testing.ts";
import { findDatabase } from "./database_url.ts";

const URL_NAME = "CODER_PG_CONNECTION_URL";
const signal = new AbortController().signal;

/** Objects of namespace `a`, by `Secret NAME` or `ConfigMap NAME`. */
function cluster(objects: Record<string, Record<string, string>>) {
  const reads: string[] = [];
  const get = ({ kind }: ResourceType, { namespace, name }: ObjectKey) => {
    const id = `${kind} ${name}`;
    reads.push(id);
    const data = namespace === "a" ? objects[id] : undefined;
    if (data === undefined) {
      return Promise.reject(new KubeApiError(404, "NotFound", "no", { method: "GET", path: "/" }));
    }
    const values = Object.entries(data).map((
      [key, value],
    ) => [key, kind === "Secret" ? new TextEncoder().encode(value).toBase64() : value]);
    return Promise.resolve({ metadata: {}, data: Object.fromEntries(values) });
  };
  return { reads, client: { get } as unknown as Pick<KubeClient, "get"> };
}

type Spec = CoderControlPlane["spec"];
const find = (spec: Spec, objects: Record<string, Record<string, string>> = {}) =>
  findDatabase(controlPlane(spec), cluster(objects).client, signal);

/** The URL that is found. */
async function url(spec: Spec, objects: Record<string, Record<string, string>> = {}): Promise<string> {
  const found = await find(spec, objects);
  return "address" in found ? found.address.url : `${found.reason}: ${found.message}`;
}

const fromSecret = (key: string, more: object = {}) => ({
  extraEnv: [{ name: URL_NAME, valueFrom: { secretKeyRef: { name: "db", key, ...more } } }],
});

const found: [string, Spec, Record<string, Record<string, string>>, string][] = [
  ["a literal", { extraEnv: [{ name: URL_NAME, value: " postgres://one/c " }] }, {}, "postgres://one/c"],
  [
    "the last of two",
    {
      extraEnv: [{ name: URL_NAME, value: "postgres://one/c" }, {
        name: URL_NAME,
        value: "postgres://two/c",
      }],
    },
    {},
    "postgres://two/c",
  ],
  ["a key of a Secret", fromSecret("dsn"), { "Secret db": { dsn: "postgres://ü/c\n" } }, "postgres://ü/c"],
  [
    "a key of a ConfigMap",
    { extraEnv: [{ name: URL_NAME, valueFrom: { configMapKeyRef: { name: "db", key: "dsn" } } }] },
    { "ConfigMap db": { dsn: "postgres://map/c" } },
    "postgres://map/c",
  ],
  [
    "a Secret in envFrom",
    { envFrom: [{ secretRef: { name: "env" } }] },
    { "Secret env": { [URL_NAME]: "postgres://from/c" } },
    "postgres://from/c",
  ],
  [
    "the last source in envFrom, with its prefix",
    { envFrom: [{ configMapRef: { name: "env" } }, { prefix: "CODER_", secretRef: { name: "env" } }] },
    {
      "ConfigMap env": { [URL_NAME]: "postgres://one/c" },
      "Secret env": { PG_CONNECTION_URL: "postgres://two/c" },
    },
    "postgres://two/c",
  ],
  [
    "extraEnv before envFrom",
    { extraEnv: [{ name: URL_NAME, value: "postgres://one/c" }], envFrom: [{ secretRef: { name: "env" } }] },
    { "Secret env": { [URL_NAME]: "postgres://two/c" } },
    "postgres://one/c",
  ],
  [
    "an optional reference to nothing leaves envFrom",
    { ...fromSecret("dsn", { optional: true }), envFrom: [{ secretRef: { name: "env" } }] },
    {},
    "NoDatabaseURL",
  ],
  [
    "references to other variables, as Kubernetes puts them in",
    {
      extraEnv: [
        { name: "PGPASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
        { name: "PGHOST", value: "$(PGZONE).example.com" },
        { name: "PGZONE", value: "eu" },
        { name: URL_NAME, value: "postgres://coder:$(PGPASSWORD)@$(PGHOST)/$$(x)$(nothing)" },
      ],
    },
    { "Secret db": { password: "s3cret" } },
    "postgres://coder:s3cret@eu.example.com/$(x)$(nothing)",
  ],
  [
    "a reference to itself ends",
    { extraEnv: [{ name: URL_NAME, value: "postgres://$(CODER_PG_CONNECTION_URL)" }] },
    {},
    "postgres://",
  ],
  ["an argument", { extraArgs: ["--postgres-url=postgres://arg/c"] }, {}, "postgres://arg/c"],
  [
    "an argument before the environment",
    {
      extraArgs: ["--postgres-url", "postgres://$(HOST)/c"],
      extraEnv: [{ name: URL_NAME, value: "postgres://env/c" }, { name: "HOST", value: "arg" }],
    },
    {},
    "postgres://arg/c",
  ],
  [
    "the operator's own before Coder's",
    {
      extraEnv: [{ name: URL_NAME, value: "postgres://one/c" }],
      operatorAccess: { databaseURLSecretRef: { name: " own " } },
    },
    { "Secret own": { url: "postgres://own/c" } },
    "postgres://own/c",
  ],
  [
    "the operator's own under another key",
    { operatorAccess: { databaseURLSecretRef: { name: "own", key: "dsn" } } },
    { "Secret own": { dsn: "postgres://own/c" } },
    "postgres://own/c",
  ],
];

for (const [what, spec, objects, expected] of found) {
  Deno.test(`database: ${what}`, async () => {
    const actual = await url(spec, objects);
    assert.ok(actual.startsWith(expected), actual);
  });
}

const missing: [string, Spec, Record<string, Record<string, string>>, RegExp][] = [
  ["nothing names one", {}, {}, /^NoDatabaseURL: .*databaseURLSecretRef/],
  ["a blank value", { extraEnv: [{ name: URL_NAME, value: " " }] }, {}, /^NoDatabaseURL/],
  [
    "a Secret that is not there",
    fromSecret("dsn"),
    {},
    /^DatabaseURLMissing: .*extraEnv\[0\].* Secret a\/db, which does/,
  ],
  [
    "a key that is not there",
    fromSecret("dsn"),
    { "Secret db": {} },
    /^DatabaseURLMissing: .*key dsn of Secret a\/db/,
  ],
  [
    "a value of the pod",
    { extraEnv: [{ name: URL_NAME, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
    {},
    /^DatabaseURLMissing: .*cannot be seen from outside/,
  ],
  [
    "a reference without a name",
    { extraEnv: [{ name: URL_NAME, valueFrom: { secretKeyRef: { key: "dsn" } } }] },
    {},
    /^DatabaseURLMissing: .*names no Secret/,
  ],
  [
    "the operator's own is not there",
    { ...fromSecret("dsn"), operatorAccess: { databaseURLSecretRef: { name: "own" } } },
    { "Secret db": { dsn: "postgres://db/c" } },
    /^DatabaseURLMissing: spec\.operatorAccess\.databaseURLSecretRef: Secret a\/own does not exist/,
  ],
  [
    "a role of AWS signs in",
    {
      extraEnv: [{ name: URL_NAME, value: "postgres://db/c" }, { name: "CODER_PG_AUTH", value: "awsiamrds" }],
    },
    {},
    /^DatabaseURLMissing: .*CODER_PG_AUTH/,
  ],
  [
    "certificates that are not there",
    {
      extraEnv: [{ name: URL_NAME, value: "postgres://db/c" }],
      operatorAccess: { databaseCASecretRef: { name: "ca" } },
    },
    {},
    /^DatabaseCAMissing: Secret a\/ca does not exist/,
  ],
];

for (const [what, spec, objects, expected] of missing) {
  Deno.test(`no database: ${what}`, async () => assert.match(await url(spec, objects), expected));
}

Deno.test("certificates go along with the URL", async () => {
  const database = await find(
    {
      extraEnv: [{ name: URL_NAME, value: "postgres://db/c" }],
      operatorAccess: { databaseCASecretRef: { name: "ca" } },
    },
    { "Secret ca": { "ca.crt": "-----BEGIN CERTIFICATE-----" } },
  );
  assert.ok("address" in database);
  assert.equal(database.address.ca, "-----BEGIN CERTIFICATE-----");
});

const passwords: [string, string[]][] = [
  ["postgres://coder:s3cret@db/c", ["s3cret"]],
  ["postgres://coder:s3%40cret@db/c", ["s3%40cret", "s3@cret"]],
  ["postgres://coder:s3@cret%@db/c", ["s3@cret%"]],
  ["postgres://db/c?user=coder&password=s3cret&sslmode=disable", ["s3cret"]],
  ["host=db password=s3cret user=coder", ["s3cret"]],
  ["host=db password = 's3 \\'cret' user=coder", ["s3 'cret"]],
];

for (const [given, expected] of passwords) {
  Deno.test(`the password in ${given} is a secret in every form`, async () => {
    const database = await find({ extraEnv: [{ name: URL_NAME, value: given }] });
    assert.ok("secrets" in database);
    assert.ok(database.secrets.includes(given));
    for (const password of expected) {
      assert.ok(database.secrets.includes(password), database.secrets.join("\n"));
    }
  });
}

Deno.test("an object that is named several times is read once", async () => {
  const { client, reads } = cluster({ "Secret db": { host: "db", url: "postgres://$(H)/c" } });
  const reference = (key: string) => ({ valueFrom: { secretKeyRef: { name: "db", key } } });
  await findDatabase(
    controlPlane({
      extraEnv: [{ name: "H", ...reference("host") }, { name: URL_NAME, value: "$(H)$(H)$(G)" }, {
        name: "G",
        ...reference("host"),
      }],
    }),
    client,
    signal,
  );
  assert.deepEqual(reads, ["Secret db"]);
});

Deno.test("what the API server refuses is thrown", async () => {
  const refusal = new KubeApiError(403, "Forbidden", "no", { method: "GET", path: "/" });
  const client = { get: () => Promise.reject(refusal) } as unknown as Pick<KubeClient, "get">;
  await assert.rejects(findDatabase(controlPlane(fromSecret("dsn")), client, signal), refusal);
});
