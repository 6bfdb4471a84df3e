import assert from "node:assert/strict";
import { StatusError } from "../../aggregated/serving/status_errors.ts";
import type { KubeUser } from "../../identity/mod.ts";
import { SourceError, type SourceReader } from "../../sources/mod.ts";
import type { SecretReader } from "./secret_value.ts";
import { firstContents, secretOf } from "./sources.ts";

const alice = { name: "alice", groups: [] } as unknown as KubeUser;
const { signal } = new AbortController();
const git = (secret?: string) => ({
  git: {
    url: "https://git.example.com/t.git",
    ...(secret === undefined ? {} : { secretRef: { name: secret } }),
  },
});

function rig(
  options: { may?: boolean; data?: ReadonlyMap<string, Uint8Array> | undefined; error?: Error } = {},
) {
  const asked: string[] = [];
  const secrets: Pick<SecretReader, "check" | "data"> = {
    check({ namespace, name }, caller) {
      asked.push(`${caller.name} ${namespace}/${name}`);
      if (options.may !== false) return Promise.resolve();
      return Promise.reject(new StatusError(403, "Forbidden", "no"));
    },
    data: () => Promise.resolve(options.data),
  };
  const reader: Pick<SourceReader, "fetch"> = {
    fetch({ secret }) {
      asked.push(`fetch with ${[...secret?.keys() ?? []].join() || "nothing"}`);
      if (options.error !== undefined) return Promise.reject(options.error);
      return Promise.resolve({ revision: "c0ffee", subject: "Fix it", entries: [] });
    },
  };
  return { asked, read: firstContents(reader as SourceReader, secrets as SecretReader) };
}

Deno.test("a source is read with the Secret that it names, by whoever may get that", async () => {
  const { read, asked } = rig({ data: new Map([["password", new Uint8Array(1)]]) });
  const content = await read(git("login"), "lab", alice, signal);
  assert.deepEqual(content, { revision: "c0ffee", message: "c0ffee Fix it", entries: [] });
  assert.deepEqual(asked, ["alice lab/login", "fetch with password"]);
  const open = rig();
  await open.read(git(), "lab", alice, signal);
  assert.deepEqual(open.asked, ["fetch with nothing"]);
});

Deno.test("whoever may not get the Secret sends its content nowhere", async () => {
  const { read, asked } = rig({ may: false, data: new Map() });
  await assert.rejects(
    read(git("login"), "lab", alice, signal),
    (error) => error instanceof StatusError && error.code === 403,
  );
  assert.deepEqual(asked, ["alice lab/login"]);
});

Deno.test("what is wrong with a source is said of spec.source", async () => {
  const error = new SourceError("NotFound", "there is no branch main");
  await assert.rejects(
    rig({ error }).read(git(), "lab", alice, signal),
    (error) =>
      error instanceof StatusError && error.code === 422 &&
      error.details?.causes?.[0]?.field === "spec.source" && /no branch main/.test(error.message),
  );
  await assert.rejects(
    rig().read(git("login"), "lab", alice, signal),
    /the Secret lab\/login does not exist/,
  );
  await assert.rejects(rig({ error: new TypeError("ours") }).read(git(), "lab", alice, signal), TypeError);
});

Deno.test("sources of both kinds name their Secret", () => {
  assert.equal(secretOf(git("one")), "one");
  assert.equal(secretOf({ oci: { url: "oci://r/t", secretRef: { name: "two" } } }), "two");
  assert.equal(secretOf({}), undefined);
});
