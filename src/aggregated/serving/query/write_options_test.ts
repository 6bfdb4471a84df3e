import assert from "node:assert/strict";
import { StatusError } from "../status_errors.ts";
import { readWriteOptions } from "./write_options.ts";

const read = (query: string) => readWriteOptions(new URLSearchParams(query), "PatchOptions");

Deno.test("without options something is changed, and unknown fields are warned of", () => {
  assert.deepEqual(read(""), { dryRun: false, fieldValidation: "Warn", force: false });
  assert.deepEqual(read("dryRun=&fieldValidation=&fieldManager=&force="), read(""));
});

Deno.test("a dry run is one, however it is asked for", () => {
  assert.equal(read("dryRun=All").dryRun, true);
  assert.equal(read("dryRun=All&dryRun=All").dryRun, true);
});

Deno.test("the manager, the validation and the force of a change are read", () => {
  assert.deepEqual(read("fieldManager=kubectl-client-side-apply&fieldValidation=Strict&force=true"), {
    dryRun: false,
    fieldManager: "kubectl-client-side-apply",
    fieldValidation: "Strict",
    force: true,
  });
  assert.deepEqual([read("force=1").force, read("force=False").force, read("force=0").force], [
    true,
    false,
    false,
  ]);
});

Deno.test("values that there are not are invalid, each with its field", () => {
  const cases: [string, RegExp][] = [
    [
      "dryRun=Some",
      /^PatchOptions\.meta\.k8s\.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"$/,
    ],
    ["dryRun=All&dryRun=x", /dryRun: Unsupported value: "x"/],
    [
      "fieldValidation=strict",
      /fieldValidation: Unsupported value: "strict": supported values: "Ignore", "Warn", "Strict"/,
    ],
    [
      `fieldManager=${"a".repeat(129)}`,
      /fieldManager: Invalid value: may not be more than 128 characters long/,
    ],
    ["fieldManager=a%0Ab", /fieldManager: Invalid value: should only contain printable characters/],
  ];
  for (const [query, message] of cases) {
    assert.throws(() => read(query), (error: unknown) => {
      assert.ok(error instanceof StatusError);
      assert.equal(error.code, 422);
      assert.match(error.message, message);
      return true;
    }, query);
  }
  assert.throws(
    () => read("force=yes"),
    (error: unknown) => error instanceof StatusError && error.code === 400,
  );
});
