import assert from "node:assert/strict";
import { findRegistries, type Machine } from "./registries.ts";

function machine(env: Record<string, string>, files: Record<string, string> = {}): Machine {
  return { env: (name) => env[name], read: (path) => Promise.resolve(files[path]) };
}

Deno.test("without any setting, the usual registries are asked", async () => {
  const found = await findRegistries({}, machine({}));
  assert.equal(found.pypi.url, "https://pypi.org/simple");
  assert.equal(found.npm.url, "https://registry.npmjs.org");
  assert.equal(found.pypi.authorization, undefined);
  assert.equal(found.scoped.size, 0);
});

Deno.test("settings come before the environment, and that before files", async () => {
  const files = {
    "/home/w/.config/pip/pip.conf":
      "[install]\nindex-url = https://no.example\n[global]\ntimeout = 5\nindex-url = https://conf.example/simple/\n",
    "/home/w/.npmrc": "# mine\nregistry = https://rc.example/\n",
  };
  const env = {
    HOME: "/home/w",
    PIP_INDEX_URL: "https://env.example/simple/",
    npm_config_registry: "https://env.example/npm/",
  };
  const all = await findRegistries(
    { pypiUrl: "https://set.example/p", npmUrl: "https://set.example/n" },
    machine(env, files),
  );
  assert.deepEqual([all.pypi.url, all.npm.url], ["https://set.example/p", "https://set.example/n"]);
  const some = await findRegistries({}, machine(env, files));
  assert.deepEqual([some.pypi.url, some.npm.url], ["https://env.example/simple", "https://env.example/npm"]);
  const few = await findRegistries({}, machine({ HOME: "/home/w" }, files));
  assert.deepEqual([few.pypi.url, few.npm.url], ["https://conf.example/simple", "https://rc.example"]);
  const named = await findRegistries(
    {},
    machine({ PIP_CONFIG_FILE: "/x" }, { "/x": "[global]\nindex_url: https://x.example/s" }),
  );
  assert.equal(named.pypi.url, "https://x.example/s");
});

Deno.test("credentials are taken out of addresses and of .npmrc", async () => {
  const npmrc = [
    "registry=https://npm.example/team/",
    "@acme:registry=https://acme.example/npm",
    "@old:registry=https://old.example",
    "@open:registry=https://open.example",
    "//npm.example/team/:_authToken=${TOKEN}",
    "//acme.example/:_auth=dXNlcjpwYXNz",
    "//old.example/:username=me",
    `//old.example/:_password="${btoa("word")}"`,
  ].join("\n");
  const found = await findRegistries(
    { pypiUrl: "https://me:p%40ss@pypi.example/simple/?x=1" },
    machine({ HOME: "/h", TOKEN: "tok" }, { "/h/.npmrc": npmrc }),
  );
  assert.deepEqual(found.pypi, {
    url: "https://pypi.example/simple",
    authorization: `Basic ${btoa("me:p@ss")}`,
  });
  assert.deepEqual(found.npm, { url: "https://npm.example/team", authorization: "Bearer tok" });
  assert.equal(found.scoped.get("@acme")!.authorization, "Basic dXNlcjpwYXNz");
  assert.equal(found.scoped.get("@old")!.authorization, `Basic ${btoa("me:word")}`);
  assert.equal(found.scoped.get("@open")!.authorization, undefined);
});

Deno.test("certificates come from wherever this machine has them, once", async () => {
  const found = await findRegistries(
    {},
    machine({ PIP_CERT: "/ca", SSL_CERT_FILE: "/ca", NODE_EXTRA_CA_CERTS: "/gone" }, { "/ca": "PEM" }),
  );
  assert.deepEqual(found.caTexts, ["PEM"]);
});

Deno.test("what is no address is an error that does not tell it", async () => {
  for (const url of ["secret-thing", "ftp://user:secret@x"]) {
    await assert.rejects(findRegistries({ pypiUrl: url }, machine({})), (error: Error) => {
      assert.match(error.message, /must begin with https/);
      return !error.message.includes("secret@") && !error.message.includes("secret-thing");
    });
  }
});
