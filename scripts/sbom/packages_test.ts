import assert from "node:assert/strict";
import { packagesOf } from "./packages.ts";

const CACHE = "/home/me/.cache/deno/npm/registry.npmjs.org";
const names = (...sources: string[]) =>
  packagesOf(sources, "/src/project").map(({ name, version, vendored }) =>
    `${name}@${version ?? "?"}${vendored ? " vendored" : ""}`
  );

Deno.test("packages of the cache, with a scope or without, each version once", () => {
  assert.deepEqual(
    names(
      `${CACHE}/yaml/2.9.1/dist/a.js`,
      `${CACHE}/yaml/2.9.1/dist/b.js`,
      `${CACHE}/@grpc/grpc-js/1.14.7/build/x.js`,
      `${CACHE}/tslib/1.14.1/tslib.es6.js`,
      `${CACHE}/tslib/2.9.1_1/tslib.es6.js`,
      "/src/project/src/cli/main.ts",
    ),
    ["@grpc/grpc-js@1.14.7", "tslib@1.14.1", "tslib@2.9.1", "yaml@2.9.1"],
  );
  const [{ folder } = { folder: "" }] = packagesOf([`${CACHE}/yaml/2.9.1/dist/a.js`], "/src/project");
  assert.equal(folder, `${CACHE}/yaml/2.9.1`);
});

Deno.test("what packages carry in their own files", () => {
  assert.deepEqual(
    names(
      `${CACHE}/@mcp/node_modules/.pnpm/ajv@8.18.0/node_modules/ajv/dist/ajv.js`,
      `${CACHE}/@mcp/node_modules/.pnpm/ajv-formats@3.0.1_ajv@8.18.0/node_modules/ajv-formats/x.js`,
      `${CACHE}/@mcp/node_modules/.pnpm/@scope+name@1.0.0/node_modules/@scope/name/x.js`,
      `${CACHE}/node_modules/tslib/tslib.es6.js`,
    ),
    ["@scope/name@1.0.0 vendored", "ajv@8.18.0 vendored", "ajv-formats@3.0.1 vendored", "tslib@? vendored"],
  );
});

Deno.test("what is a package by itself is none that another carries", () => {
  const itself = `${CACHE}/ajv/8.18.0/dist/ajv.js`;
  const carried = `${CACHE}/@mcp/node_modules/.pnpm/ajv@8.18.0/node_modules/ajv/dist/ajv.js`;
  assert.deepEqual(names(carried, itself), ["ajv@8.18.0"]);
  assert.deepEqual(names(itself, carried), ["ajv@8.18.0"]);
});

Deno.test("sources from before a package was built belong to it", () => {
  const beside = `${CACHE}/@sdsl/map/.build-data/src/map.ts`;
  assert.deepEqual(names(`${CACHE}/@sdsl/map/4.4.2/dist/x.js`, beside), ["@sdsl/map@4.4.2"]);
  assert.throws(() => names(beside), /sources of @sdsl\/map .* no version is known/);
});

Deno.test("what belongs to nothing known stops the list", () => {
  assert.throws(() => names("/somewhere/else/x.js"), /\/somewhere\/else\/x\.js .* no known package/);
});
