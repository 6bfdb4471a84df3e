import assert from "node:assert/strict";
import { expandRoute, PathParameterError, queryString } from "./route.ts";

Deno.test("parameters are escaped, so that none can leave its segment", () => {
  const path = expandRoute("/api/v2/users/{user}/keys/{key}", { user: "a/b?c#d", key: "x y%2F" });
  assert.equal(path, "/api/v2/users/a%2Fb%3Fc%23d/keys/x%20y%252F");
});

Deno.test("letters beyond ASCII are sent as UTF-8", () => {
  assert.equal(expandRoute("/u/{user}", { user: "żółw" }), "/u/%C5%BC%C3%B3%C5%82w");
});

Deno.test("an empty or missing parameter is refused by name", () => {
  for (const parameters of [{}, { user: "" }]) {
    assert.throws(() => expandRoute("/u/{user}", parameters), (error: Error) => {
      assert.ok(error instanceof PathParameterError);
      assert.match(error.message, /the user in \/u\/\{user\} is empty/);
      return true;
    });
  }
});

Deno.test("steps up are refused: servers on the way would take them", () => {
  for (const user of [".", ".."]) {
    assert.throws(() => expandRoute("/u/{user}/x", { user }), PathParameterError);
  }
  assert.equal(expandRoute("/u/{user}/x", { user: "..." }), "/u/.../x");
});

Deno.test("broken surrogates are refused, not thrown through as a URIError", () => {
  assert.throws(() => expandRoute("/u/{user}", { user: "\ud800" }), PathParameterError);
});

Deno.test("a template without parameters is its own path", () => {
  assert.equal(expandRoute("/healthz"), "/healthz");
});

Deno.test("undefined query values are left out, others escaped", () => {
  assert.equal(queryString(), "");
  assert.equal(queryString({ q: undefined }), "");
  assert.equal(
    queryString({ q: "owner:me name:a&b", limit: 0, all: false, none: undefined }),
    "?q=owner%3Ame%20name%3Aa%26b&limit=0&all=false",
  );
  assert.equal(queryString({ q: "\udfff" }), "?q=%EF%BF%BD");
});
