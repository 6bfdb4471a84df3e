import assert from "node:assert/strict";
import { StatusError } from "../serving/status_errors.ts";
import { LOG_PARAMETERS, readLogOptions } from "./log_options.ts";

const NOW = Date.parse("2026-01-01T00:01:00Z");
const read = (query: string, of: "workspaces" | "templates" = "workspaces") =>
  readLogOptions(new URLSearchParams(query), of, NOW);

function refusal(query: string, of?: "workspaces" | "templates"): string {
  try {
    read(query, of);
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) return error.message;
    throw error;
  }
  throw new Error(`${query} was read`);
}

Deno.test("without a query the whole log of the latest build is read as it is", () => {
  assert.deepEqual(read(""), { follow: false, timestamps: false, build: "latest" });
  assert.deepEqual(read("", "templates"), { follow: false, timestamps: false, build: "latest" });
});

Deno.test("all parameters are read as pods/log has them", () => {
  assert.deepEqual(
    read("follow=true&timestamps=1&tailLines=0&limitBytes=10&sinceTime=2026-01-01T01:00:00%2B01:00&build=7"),
    {
      follow: true,
      timestamps: true,
      tailLines: 0,
      limitBytes: 10,
      since: Date.parse("2026-01-01T00:00:00Z"),
      build: 7,
    },
  );
  assert.equal(read("sinceSeconds=60").since, Date.parse("2026-01-01T00:00:00Z"));
  assert.equal(read("build=latest").build, "latest");
  assert.equal(read("pretty=true").follow, false);
});

Deno.test("a flag without a value is set, as in ?follow", () => {
  for (const yes of ["follow", "follow=", "follow=1", "follow=true", "follow=True", "follow=t"]) {
    assert.equal(read(yes).follow, true, yes);
  }
  for (const no of ["follow=0", "follow=false", "follow=False", "follow=f"]) {
    assert.equal(read(no).follow, false, no);
  }
});

Deno.test("nonsense is refused, and named", () => {
  for (
    const [query, says] of [
      ["follow=yes", /invalid follow "yes": must be true or false/],
      ["tailLines=-1", /invalid tailLines "-1": must be a whole number, not negative/],
      ["tailLines=", /invalid tailLines ""/],
      ["tailLines=1e3", /invalid tailLines "1e3"/],
      ["tailLines=9999999999999999", /invalid tailLines/],
      ["limitBytes=0", /invalid limitBytes "0": must be a whole number greater than 0/],
      ["limitBytes=1.5", /invalid limitBytes/],
      ["sinceSeconds=0", /invalid sinceSeconds/],
      ["sinceSeconds=x", /invalid sinceSeconds/],
      ["sinceTime=yesterday", /invalid sinceTime "yesterday": must be a time as RFC 3339 has it/],
      ["sinceTime=2026-01-01", /invalid sinceTime/],
      ["sinceTime=2026-13-01T00:00:00Z", /invalid sinceTime/],
      ["build=0", /invalid build "0": must be the number of a build, or latest/],
      ["build=newest", /invalid build "newest"/],
      ["build=../7", /invalid build/],
    ] as const
  ) assert.match(refusal(query), says);
});

Deno.test("what does not go together, what is not there and what comes twice is refused", () => {
  assert.match(
    refusal("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z"),
    /at most one of sinceTime and sinceSeconds/,
  );
  assert.match(
    refusal("container=x"),
    /no parameter "container": it has build, follow, limitBytes, .*timestamps$/,
  );
  assert.match(refusal("constructor=x"), /no parameter "constructor"/);
  assert.match(refusal("tailLines=1&tailLines=2"), /tailLines was given more than once/);
  assert.ok(refusal(`${"x".repeat(5_000)}=1`).length < 300);
});

Deno.test("a template has one build to choose from", () => {
  assert.match(refusal("build=1", "templates"), /no parameter "build": it has follow, .*timestamps$/);
});

Deno.test("what OpenAPI tells of the query is what is read, and nothing else", () => {
  const values = { string: "latest", integer: "1", boolean: "true" };
  for (const  of of["workspaces", "templates"] as const) {
    for (const { name, type, description } of LOG_PARAMETERS[of]) {
      const value = name === "sinceTime" ? "2026-01-01T00:00:00Z" : values[type];
      assert.equal(typeof read(`${name}=${value}`, of).follow, "boolean");
      assert.match(description, /\.$/);
    }
  }
  assert.deepEqual(
    LOG_PARAMETERS.workspaces.filter((one) => !LOG_PARAMETERS.templates.includes(one)).map(({ name }) =>
      name
    ),
    ["build"],
  );
});
