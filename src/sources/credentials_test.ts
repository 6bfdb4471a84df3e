import assert from "node:assert/strict";
import { httpCredentials, registryCredentials, sshCredentials } from "./credentials.ts";
import { SourceError } from "./errors.ts";

const data = (values: Record<string, string>) =>
  new Map(Object.entries(values).map(([key, value]) => [key, new TextEncoder().encode(value)]));
const isInvalid = (words: RegExp) => (error: unknown) =>
  error instanceof SourceError && error.reason === "InvalidSource" && words.test(error.message);

Deno.test("HTTPS takes a name and a password, a token, or nothing, and certificates under both names", () => {
  assert.deepEqual(httpCredentials(undefined), { ca: undefined });
  assert.deepEqual(httpCredentials(data({ username: "ä", password: "b\n", "ca.crt": "CA" })), {
    ca: "CA",
    authorization: `Basic ${new TextEncoder().encode("ä:b").toBase64()}`,
  });
  assert.deepEqual(httpCredentials(data({ bearerToken: "t", username: "a", password: "b", caFile: "CA" })), {
    ca: "CA",
    authorization: "Bearer t",
  });
  assert.throws(() => httpCredentials(data({ username: "a" })), isInvalid(/both/));
  assert.throws(() => httpCredentials(data({ bearerToken: "a\r\nb: c" })), isInvalid(/bearerToken/));
});

Deno.test("SSH needs known hosts, and a key or a password", () => {
  const all = { identity: "key", known_hosts: "host key", password: "p" };
  assert.deepEqual(sshCredentials(data(all)), { identity: "key", knownHosts: "host key", password: "p" });
  assert.throws(() => sshCredentials(undefined), isInvalid(/known_hosts/));
  assert.throws(() => sshCredentials(data({ ...all, known_hosts: " \n" })), isInvalid(/known_hosts/));
  assert.throws(() => sshCredentials(data({ known_hosts: "x" })), isInvalid(/identity/));
});

Deno.test("registries take what docker login has written, of their own host alone", () => {
  const docker = (auths: unknown) => data({ ".dockerconfigjson": JSON.stringify({ auths }) });
  const auth = btoa("a:b:c");
  assert.deepEqual(registryCredentials(data({ username: "a", password: "b" }), "x"), {
    ca: undefined,
    username: "a",
    password: "b",
  });
  const taken = (auths: unknown, host: string) => {
    const { username, password } = registryCredentials(docker(auths), host);
    return username === undefined ? undefined : `${username} ${password}`;
  };
  assert.equal(taken({ "x:5000": { auth } }, "x:5000"), "a b:c");
  assert.equal(taken({ "https://x:5000/v1/": { auth } }, "x:5000"), "a b:c");
  assert.equal(taken({ x: { auth } }, "x:5000"), undefined);
  assert.equal(taken({ x: { username: "u", password: "p", auth } }, "x"), "u p");
  assert.equal(taken({ "https://index.docker.io/v1/": { auth } }, "registry-1.docker.io"), "a b:c");
  assert.equal(taken({ x: { auth: btoa("nothing") }, y: null }, "x"), undefined);
  assert.equal(taken(undefined, "x"), undefined);
  assert.throws(() => taken({ x: { auth: "%" } }, "x"), isInvalid(/dockerconfigjson/));
  assert.throws(
    () => registryCredentials(data({ ".dockerconfigjson": "{" }), "x"),
    isInvalid(/cannot be read/),
  );
});
