import assert from "node:assert/strict";
import { ConfigMaps } from "../../api/kubernetes/resources.ts";
import { KubeApiError } from "../errors.ts";
import { json, localServer, statusBody } from "../testing/local_server.ts";
import { withoutCredentials } from "./nobody.ts";
import { createRestClient, type RestClient } from "./rest_client.ts";

const key = { namespace: "a", name: "b" };
const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { ...key } };
const OWN = { headers: { authorization: "Bearer our-own-token" }, tls: { ca: "CA", cert: "C", key: "K" } };

async function serve(status = 200) {
  const server = await localServer(
    (_request, response) =>
      json(response, status, status === 200 ? map : statusBody(status, "Unauthorized", "no")),
    { credentials: () => Promise.resolve(OWN) },
  );
  const client = createRestClient({ connection: server.connection });
  const made: RestClient[] = [client];
  return {
    server,
    client,
    keep(other: RestClient) {
      made.push(other);
      return other;
    },
    last: () => server.seen.at(-1)!,
    async [Symbol.asyncDispose]() {
      made.forEach((one) => one.close());
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a client of nobody sends neither token nor certificate", async () => {
  await using test = await serve();
  const nobody = test.keep(test.client.nobody());
  await nobody.get(ConfigMaps, key);
  assert.equal(test.last().headers.authorization, undefined);
  const { headers, tls } = await nobody.connection.credentials();
  assert.deepEqual([headers, tls], [{}, { ca: "CA" }]);
  await test.client.get(ConfigMaps, key);
  assert.equal(test.last().headers.authorization, "Bearer our-own-token");
});

Deno.test("a connection without credentials keeps its material, so that connections are reused", async () => {
  await using test = await serve();
  const bare = withoutCredentials({ ...test.client.connection, execCommand: "login" });
  assert.equal((await bare.credentials()).tls, (await bare.credentials()).tls);
  assert.equal(bare.refresh(), false);
  assert.equal(bare.execCommand, undefined);
  const insecure = withoutCredentials({
    ...test.client.connection,
    credentials: () => Promise.resolve({ headers: {}, tls: { cert: "C" } }),
  });
  assert.deepEqual((await insecure.credentials()).tls, {});
});

Deno.test("somebody's token goes with every call of theirs, and over the same connections", async () => {
  await using test = await serve();
  const nobody = test.keep(test.client.nobody());
  for (const name of ["ann", "bob", "ann"]) {
    const theirs = nobody.as({ authorization: `Bearer token-of-${name}` });
    await theirs.get(ConfigMaps, key);
    assert.equal(test.last().headers.authorization, `Bearer token-of-${name}`);
    await theirs.bytes("/x", { maxBytes: 10 });
    assert.equal(test.last().headers.authorization, `Bearer token-of-${name}`);
    theirs.close();
  }
  await nobody.get(ConfigMaps, key);
  assert.equal(test.last().headers.authorization, undefined);
  // One for the pool, and one for each of the three streams.
  assert.equal(test.server.accepted, 4);
});

Deno.test("a connection of its own has the same identity", async () => {
  await using test = await serve();
  const theirs = test.keep(test.client.nobody()).as({ authorization: "Bearer hers" });
  await test.keep(theirs.separate()).get(ConfigMaps, key);
  assert.equal(test.last().headers.authorization, "Bearer hers");
  await test.keep(theirs.nobody()).get(ConfigMaps, key);
  assert.equal(test.last().headers.authorization, undefined);
});

Deno.test("impersonation goes beside our own credentials, groups one by one", async () => {
  await using test = await serve();
  const headers = { "impersonate-user": "ann", "impersonate-group": ["a,b", "c"] };
  await test.client.as(headers).as({ "impersonate-uid": "7" }).get(ConfigMaps, key);
  const seen = test.last().headers;
  assert.equal(seen.authorization, "Bearer our-own-token");
  assert.equal(seen["impersonate-user"], "ann");
  assert.equal(seen["impersonate-uid"], "7");
  assert.equal(seen["impersonate-group"], "a,b, c");
});

Deno.test("somebody's token is refused where our own credentials could win", async () => {
  await using test = await serve();
  for (const name of ["authorization", "Authorization"]) {
    assert.throws(() => test.client.as({ [name]: "Bearer hers" }), TypeError);
  }
});

Deno.test("a refused token is told of without its text, and our own credentials are not blamed", async () => {
  await using test = await serve(401);
  let refreshed = 0;
  const connection = { ...test.client.connection, refresh: () => ++refreshed > 0 };
  const nobody = test.keep(createRestClient({ connection }).nobody());
  const error = await nobody.as({ authorization: "Bearer very-secret" }).get(ConfigMaps, key).catch((e) => e);
  assert.ok(error instanceof KubeApiError);
  assert.match(error.message, /does not take the caller's bearer token/);
  assert.doesNotMatch(error.message + JSON.stringify(error), /very-secret|kubeconfig/);
  assert.equal(refreshed, 0);
  assert.equal(test.server.seen.length, 1);
});
