import assert from "node:assert/strict";
import { StatusError } from "../status_errors.ts";
import { writeContinueToken } from "./continue_token.ts";
import { readGetVersion, readListOptions, readWatchOptions } from "./list_options.ts";

const list = (query: string) => readListOptions(new URLSearchParams(query));
const watch = (query: string) => readWatchOptions(new URLSearchParams(query));
const token = { resourceVersion: "7", after: { namespace: "n", name: "a" } };

function refused(read: () => unknown, code: number, message: RegExp): void {
  assert.throws(read, (error: unknown) => {
    assert.ok(error instanceof StatusError, String(error));
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
    return true;
  });
}

Deno.test("a list without options is everything as it is now", () => {
  assert.deepEqual(list(""), { kind: "list", labels: [], fields: [], version: { match: "mostRecent" } });
  assert.deepEqual(list("pretty=1&fieldManager=x"), list(""));
});

Deno.test("the version that a list must have is what Kubernetes takes it for", () => {
  const cases: [string, unknown][] = [
    ["resourceVersion=", { match: "mostRecent" }],
    ["resourceVersion=0", { match: "any" }],
    ["resourceVersion=0&resourceVersionMatch=NotOlderThan", { match: "any" }],
    ["resourceVersion=5", { match: "notOlderThan", resourceVersion: "5" }],
    ["resourceVersion=5&resourceVersionMatch=NotOlderThan", { match: "notOlderThan", resourceVersion: "5" }],
    ["resourceVersion=5&resourceVersionMatch=Exact", { match: "exact", resourceVersion: "5" }],
    [`continue=${writeContinueToken(token)}`, { match: "continued", resourceVersion: "7" }],
    [`continue=${writeContinueToken({ after: token.after })}`, { match: "mostRecent" }],
    [`resourceVersion=0&continue=${writeContinueToken(token)}`, { match: "continued", resourceVersion: "7" }],
  ];
  for (const [query, version] of cases) assert.deepEqual(list(query).version, version, query);
});

Deno.test("pages have a size and a place to go on from", () => {
  assert.deepEqual([list("limit=500").limit, list("limit=0").limit], [500, undefined]);
  assert.deepEqual(list(`limit=5&continue=${writeContinueToken(token)}`).continue, token);
});

Deno.test("a limit and a time that are negative are as none", () => {
  assert.deepEqual(list("limit=-1"), list(""));
  assert.equal("timeoutSeconds" in watch("watch=1&timeoutSeconds=-5"), false);
});

Deno.test("flags are raised by everything that does not deny them", () => {
  for (const value of ["", "1", "2", "true", "True", "yes", "junk"]) {
    assert.equal(watch(`watch=1&allowWatchBookmarks=${value}`).allowBookmarks, true, value);
  }
  for (const value of ["0", "false", "False", "FALSE"]) {
    assert.equal(watch(`watch=1&allowWatchBookmarks=${value}`).allowBookmarks, false, value);
  }
  assert.equal(watch("watch=perhaps").allowBookmarks, false);
});

Deno.test("a single object may be asked for with a version that it is not older than", () => {
  const get = (query: string) => readGetVersion(new URLSearchParams(query));
  assert.deepEqual([get(""), get("resourceVersion="), get("resourceVersion=0")], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(get("resourceVersion=5"), "5");
  for (const junk of ["junk", "-1", "01", "1.5"]) {
    refused(() => get(`resourceVersion=${junk}`), 400, /resourceVersion: invalid resource version/);
  }
});

Deno.test("selectors are parsed", () => {
  const { labels, fields } = list("labelSelector=a%3Db&fieldSelector=metadata.name%3Dc");
  assert.deepEqual(labels, [{ key: "a", operator: "in", values: ["b"] }]);
  assert.deepEqual(fields, [{ field: "metadata.name", isEqual: true, value: "c" }]);
});

Deno.test("values that cannot be read are bad requests that name the parameter", () => {
  refused(() => list("limit=x"), 400, /limit: must be a whole number/);
  refused(() => list("limit=--1"), 400, /limit/);
  refused(() => list("limit="), 400, /limit/);
  refused(() => list("resourceVersion=abc"), 400, /resourceVersion: invalid resource version/);
  refused(() => list("resourceVersion=-6795364578871345152"), 400, /invalid resource version/);
  refused(() => list("resourceVersion=01"), 400, /invalid resource version/);
  refused(() => watch("timeoutSeconds=1.5"), 400, /timeoutSeconds/);
  refused(() => list("labelSelector=a%3D%3D%3Db"), 400, /label selector/);
  refused(() => list("fieldSelector=a"), 400, /field selector/);
  refused(() => list("continue=x"), 400, /continue key is not valid/);
  refused(
    () => list(`resourceVersion=5&continue=${writeContinueToken(token)}`),
    400,
    /not allowed when using continue/,
  );
});

Deno.test("values that do not go together are invalid, as in Kubernetes", () => {
  refused(() => list("resourceVersionMatch=Exact"), 422, /forbidden unless resourceVersion is provided/);
  refused(
    () => list("resourceVersion=0&resourceVersionMatch=Exact"),
    422,
    /forbidden for resourceVersion "0"/,
  );
  refused(
    () => list("resourceVersion=1&resourceVersionMatch=Newer"),
    422,
    /supported values: "Exact", "NotOlderThan", ""/,
  );
  refused(
    () => list(`resourceVersion=0&resourceVersionMatch=NotOlderThan&continue=${writeContinueToken(token)}`),
    422,
    /when continue is provided/,
  );
  refused(() => list("sendInitialEvents=true"), 422, /sendInitialEvents is forbidden for list/);
  refused(
    () => watch("watch=1&sendInitialEvents=true"),
    422,
    /requires setting resourceVersionMatch to NotOlderThan/,
  );
  refused(
    () => watch("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact"),
    422,
    /supported values: "NotOlderThan"/,
  );
  refused(
    () => watch("watch=1&resourceVersionMatch=NotOlderThan"),
    422,
    /unless sendInitialEvents is provided/,
  );
  for (const said of ["", "&sendInitialEvents=1&resourceVersionMatch=NotOlderThan"]) {
    refused(() => watch(`watch=1&continue=x${said}`), 422, /when continue is provided/);
  }
});

Deno.test("an invalid combination says which field, as kubectl shows it", () => {
  try {
    list("sendInitialEvents=true");
    assert.fail("it was taken");
  } catch (error) {
    assert.ok(error instanceof StatusError);
    assert.deepEqual(error.details?.causes, [{
      reason: "FieldValueForbidden",
      message: "Forbidden: sendInitialEvents is forbidden for list",
      field: "sendInitialEvents",
    }]);
    assert.equal(error.details?.kind, "ListOptions");
  }
});

Deno.test("where a watch begins is what Kubernetes takes it for", () => {
  const match = "resourceVersionMatch=NotOlderThan";
  const cases: [string, unknown][] = [
    ["watch=1", { from: "state" }],
    ["watch=1&resourceVersion=0", { from: "state" }],
    ["watch=1&resourceVersion=5", { from: "version", resourceVersion: "5" }],
    [`watch=1&sendInitialEvents=true&${match}`, { from: "state" }],
    [`watch=1&sendInitialEvents=true&resourceVersion=0&${match}`, { from: "state" }],
    [`watch=1&sendInitialEvents=true&resourceVersion=5&${match}`, { from: "state", notOlderThan: "5" }],
    [`watch=1&sendInitialEvents=false&${match}`, { from: "now" }],
    [`watch=1&sendInitialEvents=false&resourceVersion=5&${match}`, { from: "version", resourceVersion: "5" }],
  ];
  for (const [query, start] of cases) assert.deepEqual(watch(query).start, start, query);
});

Deno.test("bookmarks come to who asks for them, and mark the end of the state", () => {
  const match = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  const flags = (
    { allowBookmarks, markInitialEnd }: ReturnType<typeof watch>,
  ) => [allowBookmarks, markInitialEnd];
  assert.deepEqual(flags(watch("watch=1")), [false, false]);
  assert.deepEqual(flags(watch("watch=1&allowWatchBookmarks=true")), [true, true]);
  assert.deepEqual(flags(watch("watch=1&allowWatchBookmarks=true&resourceVersion=0")), [true, true]);
  assert.deepEqual(flags(watch("watch=1&allowWatchBookmarks=true&resourceVersion=5")), [true, false]);
  assert.deepEqual(flags(watch(`watch=1&allowWatchBookmarks=true&${match}`)), [true, true]);
  assert.deepEqual(flags(watch(`watch=1&${match}`)), [false, false]);
});

Deno.test("how long a watch lasts is the client's wish, where it has one", () => {
  assert.equal(watch("watch=1&timeoutSeconds=540").timeoutSeconds, 540);
  assert.equal(watch("watch=1&timeoutSeconds=0").timeoutSeconds, undefined);
  assert.equal(watch("watch=1").timeoutSeconds, undefined);
});
