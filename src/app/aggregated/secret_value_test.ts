import assert from "node:assert/strict";
import { StatusError } from "../../aggregated/serving/status_errors.ts";
import type { Authorizer, KubeUser } from "../../identity/mod.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { createSecretReader } from "./secret_value.ts";

const alice = { name: "alice", groups: [] } as unknown as KubeUser;
const { signal } = new AbortController();

function rig(data: Record<string, string> | "missing" | "broken", isAllowed = true) {
  const asked: unknown[] = [];
  const kept: string[] = [];
  const authorize: Authorizer = (user, request) => {
    asked.push([user.name, request]);
    return Promise.resolve(
      isAllowed ? { allowed: true, reason: "" } : {
        allowed: false,
        refusal: { code: 403, reason: "Forbidden", message: "no" },
      },
    ) as ReturnType<Authorizer>;
  };
  const failure = { missing: 404, broken: 500 };
  const client = {
    get: () =>
      typeof data === "string"
        ? Promise.reject(
          new KubeApiError(failure[data], data === "missing" ? "NotFound" : "", data, {} as never),
        )
        : Promise.resolve({ data }),
  } as unknown as Parameters<typeof createSecretReader>[0]["client"];
  const reader = createSecretReader({ client, authorize, keepSecret: (value) => void kept.push(value) });
  const read = reader.value;
  return {
    reader,
    asked,
    kept,
    read: (key: string) => read({ namespace: "lab", name: "vars", key }, alice, signal),
  };
}

const refused = (code: number, text: RegExp) => (error: unknown) =>
  error instanceof StatusError && error.code === code && text.test(error.message);

Deno.test("the value of a Secret is given to whoever may get it, and kept out of logs", async () => {
  const { read, asked, kept } = rig({ region: btoa("eu-west") });
  assert.equal(await read("region"), "eu-west");
  assert.deepEqual(kept, ["eu-west"]);
  assert.deepEqual(asked, [[
    "alice",
    { verb: "get", group: "", version: "v1", resource: "secrets", namespace: "lab", name: "vars" },
  ]]);
});

Deno.test("whoever may not get a Secret learns nothing of it, not even whether it is there", async () => {
  for (const data of ["missing" as const, { region: btoa("eu-west") }]) {
    await assert.rejects(
      rig(data, false).read("region"),
      refused(403, /lab\/vars is referred to, which you may not get/),
    );
  }
});

Deno.test("a Secret that is missing, has no such key, or no text there is named", async () => {
  await assert.rejects(rig("missing").read("region"), refused(422, /does not exist/));
  await assert.rejects(rig({}).read("region"), refused(422, /no text at key region/));
  await assert.rejects(rig({ region: "/w==" }).read("region"), refused(422, /no text at key region/));
  await assert.rejects(rig({ a: "" }).read("toString"), refused(422, /no text at key toString/));
});

Deno.test("an API server that fails is no missing Secret", async () => {
  await assert.rejects(rig("broken").read("region"), KubeApiError);
});

Deno.test("data of a Secret is decoded, text and binary", async () => {
  const { reader, kept } = rig({ text: btoa("one"), binary: "/w==", username: btoa("coder") });
  const data = await reader.data({ namespace: "lab", name: "vars" }, signal);
  assert.deepEqual([...data ?? []].map(([key, bytes]) => [key, [...bytes]]), [
    ["text", [111, 110, 101]],
    ["binary", [255]],
    ["username", [99, 111, 100, 101, 114]],
  ]);
  assert.deepEqual(kept, ["one"]);
  assert.equal(await rig("missing").reader.data({ namespace: "lab", name: "vars" }, signal), undefined);
});

Deno.test("where nobody can be asked whether a caller may, that is said, and not that they may not", async () => {
  const refusal = { code: 503, reason: "ServiceUnavailable", message: "away", retryAfterSeconds: 1 };
  const reader = createSecretReader({
    client: { get: () => Promise.reject(new Error("not asked")) },
    authorize: () => Promise.resolve({ allowed: false, refusal } as never),
    keepSecret() {},
  });
  await assert.rejects(
    reader.check({ namespace: "lab", name: "vars" }, alice, signal),
    (error) => error instanceof StatusError && error.code === 503 && error.details?.retryAfterSeconds === 1,
  );
});
