import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { discoveryPaths, HEALTH_PATHS, isPublicPath } from "./public_paths.ts";

const paths = [...HEALTH_PATHS, ...discoveryPaths([{ group: "aggregation.coder.com", version: "v1alpha1" }])];

Deno.test("health, discovery, OpenAPI and version are public", () => {
  for (
    const path of [
      "/healthz",
      "/livez",
      "/readyz",
      "/api",
      "/apis",
      "/apis/aggregation.coder.com",
      "/apis/aggregation.coder.com/v1alpha1",
      "/openapi/v2",
      "/openapi/v3",
      "/openapi/v3/apis/aggregation.coder.com/v1alpha1",
      "/version",
    ]
  ) assert.equal(isPublicPath(path, paths), true, path);
});

Deno.test("nothing else is, however much it looks like it", () => {
  for (
    const path of [
      "",
      "/",
      "/metrics",
      "/healthz/",
      "/HEALTHZ",
      "/readyz/ping",
      "/apis/",
      "/apis/other.group",
      "/apis/aggregation.coder.com/v1alpha1/",
      "/apis/aggregation.coder.com/v1alpha1/coderworkspaces",
      "/openapi/v3/",
      "/openapi/v3/../../metrics",
      "/openapi/v3/%2e%2e/%2e%2e/metrics",
      "/openapi/v3/./x",
      "/openapi/v3//metrics",
      "/openapi/v3/a\\..\\..\\metrics",
      "/openapi/v3/a?x=/metrics",
      "/openapi/v3/a#b",
      "/openapi/v3x",
      "//healthz",
    ]
  ) assert.equal(isPublicPath(path, paths), false, path);
});

Deno.test("several groups share what is common to them, each once", () => {
  const two = discoveryPaths([{ group: "a.b", version: "v1" }, { group: "a.b", version: "v2" }]);
  assert.equal(new Set(two).size, two.length);
  assert.ok(two.includes("/apis/a.b") && two.includes("/apis/a.b/v1") && two.includes("/apis/a.b/v2"));
});

Deno.test("a public path never becomes another one where a router tidies it up", () => {
  const pieces = [
    "/",
    "..",
    ".",
    "%2e",
    "%2F",
    "metrics",
    "openapi",
    "v3",
    "apis",
    "\\",
    "healthz",
    ";",
    "a",
    " ",
  ];
  const seed = Date.now();
  const random = seededRandom(seed);
  for (let round = 0; round < 5_000; round++) {
    const path = `/openapi/v3/${
      Array.from({ length: 1 + below(random, 6) }, () => pick(random, pieces)).join("")
    }`;
    if (!isPublicPath(path, paths)) continue;
    const tidied = new URL(path, "https://server").pathname;
    assert.equal(tidied, path, `seed ${seed}`);
    assert.equal(decodeURIComponent(tidied), path, `seed ${seed}`);
  }
});
