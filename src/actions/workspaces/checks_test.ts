import assert from "node:assert/strict";
import type { TemplateParameter, TemplateVersion } from "../../coder/mod.ts";
import {
  checkValues,
  problemsOfName,
  problemsOfSchedule,
  problemsOfTtl,
  problemsOfVersion,
} from "./checks.ts";

const words = (causes: readonly { message: string }[]) => causes.map(({ message }) => message).join("; ");

function parameter(name: string, more: Partial<TemplateParameter> = {}): TemplateParameter {
  return {
    name,
    display_name: "",
    description_plaintext: "",
    type: "string",
    form_type: "input",
    mutable: true,
    default_value: "",
    options: [],
    validation_error: "",
    validation_regex: "",
    validation_min: null,
    validation_max: null,
    validation_monotonic: "",
    required: false,
    ephemeral: false,
    ...more,
  };
}

/** What is wrong with one value of a parameter; `before`: the one that it has. */
function problem(more: Partial<TemplateParameter>, value: string, before?: string): string {
  const old = before === undefined ? undefined : [{ name: "p", value: before }];
  return words(checkValues([{ name: "p", value }], [parameter("p", more)], old).problems);
}

Deno.test("names of workspaces are letters and digits with single dashes between them", () => {
  for (const name of ["a", "9", "Dev-1", "a".repeat(32)]) assert.equal(words(problemsOfName(name)), "", name);
  for (const name of ["", "-a", "a-", "a--b", "a_b", "a.b", "ä", "new", "create", "a".repeat(33)]) {
    assert.notEqual(words(problemsOfName(name)), "", name);
  }
});

Deno.test("times to live are from a minute to thirty days", () => {
  for (const ttl of [60_000, 2_592_000_000]) assert.equal(words(problemsOfTtl(ttl)), "");
  for (const ttl of [0, 59_999, 2_592_000_001, 60_000.5, Number.NaN]) {
    assert.match(words(problemsOfTtl(ttl)), /from 60000/);
  }
});

Deno.test("schedules are weekly ones", () => {
  for (const schedule of ["30 9 * * 1-5", "CRON_TZ=Europe/Berlin 30 9 * * 1-5", "TZ=UTC  0 8 * *  MON"]) {
    assert.equal(words(problemsOfSchedule(schedule)), "", schedule);
  }
  for (const schedule of ["", "daily", "30 9 * *", "30 9 1 * *", "30 9 * 1 *", "CRON_TZ=UTC 1 2 * * * *"]) {
    assert.notEqual(words(problemsOfSchedule(schedule)), "", schedule);
  }
});

Deno.test("a version is good when its import succeeded and it is of the template", () => {
  const version = (status: string, template_id = "t", error = "") =>
    ({ id: "v", name: "v", template_id, job: { id: "j", status, error, file_id: "f" } }) as TemplateVersion;
  assert.equal(words(problemsOfVersion(version("succeeded"), "t")), "");
  assert.equal(
    words(problemsOfVersion(version("succeeded", "other"), "t")),
    "is a version of another template",
  );
  assert.equal(words(problemsOfVersion(version("pending"), "t")), "its import is pending");
  assert.equal(words(problemsOfVersion(version("failed", "t", "no"), "t")), "its import ended as failed: no");
  assert.equal(words(problemsOfVersion(version("canceled"), "t")), "its import ended as canceled");
});

Deno.test("values are of the parameter's type", () => {
  assert.equal(problem({ type: "bool" }, "true"), "");
  assert.match(problem({ type: "bool" }, "yes"), /true or false/);
  for (const value of ["1", "-1.5", "1e3"]) assert.equal(problem({ type: "number" }, value), "");
  for (const value of ["", " ", "x", "1x"]) assert.match(problem({ type: "number" }, value), /a number/);
  const range = { type: "number", validation_min: 1, validation_max: 9 };
  assert.deepEqual(
    ["0", "1", "9", "10"].map((value) => problem(range, value)),
    ["must be at least 1", "", "", "must be at most 9"],
  );
  assert.equal(problem({ type: "list(string)" }, '["a"]'), "");
  for (const value of ["a", "{}", "[1]"]) assert.match(problem({ type: "list(string)" }, value), /JSON list/);
});

Deno.test("values of parameters with options are one of them", () => {
  const options = ["eu", "us"].map((value) => ({ name: value, value }));
  assert.equal(problem({ options }, "eu"), "");
  assert.equal(problem({ options }, "mars"), "must be one of eu, us");
  // Several may be chosen.
  assert.equal(problem({ options, form_type: "multi-select" }, '["eu","us"]'), "");
});

Deno.test("what cannot be changed can be said again", () => {
  assert.equal(problem({ mutable: false }, "a", "a"), "");
  assert.match(problem({ mutable: false }, "b", "a"), /cannot be changed/);
  assert.equal(problem({ mutable: true }, "b", "a"), "");
  assert.equal(problem({ mutable: false }, "b"), "");
});

Deno.test("required values are asked for in new workspaces alone, and each is given once", () => {
  const parameters = [parameter("a", { required: true }), parameter("b")];
  assert.deepEqual(checkValues([], parameters).problems, [{ field: "a", message: "is required" }]);
  assert.deepEqual(checkValues([], parameters, []).problems, []);
  const twice = [{ name: "a", value: "1" }, { name: "a", value: "2" }];
  assert.equal(words(checkValues(twice, parameters).problems), "is given twice");
});

Deno.test("names that the template does not have are warned of", () => {
  const { problems, warnings } = checkValues([{ name: "x", value: "1" }], [parameter("a")]);
  assert.deepEqual([problems, warnings], [[], ["the template has no parameter x: Coder ignores it"]]);
});
