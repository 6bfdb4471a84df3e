import assert from "node:assert/strict";
import { readCoordinator } from "./coordinator.ts";
import { COORDINATOR } from "./coordinator_options.ts";
import { flagSpecs, loadOptions } from "./load.ts";
import type { OptionSet } from "./option.ts";
import { COMMAND_OPTIONS } from "./sets.ts";
import { readWorker } from "./worker.ts";
import { WORKER } from "./worker_options.ts";

const sources = (
  flags: Record<string, string[]> = {},
  environment: Record<string, string> = {},
  file?: string,
) => ({
  flags: new Map(Object.entries(flags)),
  environment,
  readTextFile: () => file === undefined ? Promise.reject(new Error("No such file")) : Promise.resolve(file),
});

const EXAMPLES: Readonly<Record<string, string>> = {
  address: "127.0.0.1:99",
  bytes: "64Mi",
  duration: "181s",
  number: "9",
  directory: "/d",
  file: "/f",
  url: "https://x.example.com:5",
  name: "thing",
  "first-last": "5000-6000",
  "key=value,...": "zone=b",
  "name=value,...": "a=b",
  "path,...": "/p",
  "host,...": "example.com",
  "name,...": "thing",
  "origin,...": "https://app.example.com",
  text: "x:",
  token: "secret",
  path: "/usr/bin/python3",
  id: "2f1b7c6e-3a5d-4f0e-9c8b-1d2e3f4a5b6c",
  claim: "email",
  // By their keys.
  sessionOpenFiles: "64",
  auditBackend: "file",
};

Deno.test("every option can be given by its flag, each of its variables and its place in the file, and means the same", async () => {
  let options = 0;
  for (const { set } of Object.values(COMMAND_OPTIONS)) {
    for (const option of set.options) {
      const { key, flag, otherFlag, env, variables = [], choices, isSwitch, value = "", yaml, described } =
        option;
      if (key === "config") continue;
      options++;
      const given = isSwitch
        ? String(described.absent !== true)
        : choices?.at(-1) ?? EXAMPLES[key] ?? EXAMPLES[value] ?? "json";
      const wanted = described.schema.safeParse(given).data;
      assert.ok(wanted !== undefined, `${set.command} --${flag}: no example for <${value}>`);
      const read = async (from: ReturnType<typeof sources>) => {
        const { values, mistakes } = await loadOptions(set, from);
        assert.deepEqual(mistakes, [], key);
        return values[key];
      };
      if (option.fileOnly !== true) {
        for (const name of [flag, ...(otherFlag === undefined ? [] : [otherFlag])]) {
          assert.deepEqual(await read(sources({ [name]: [given] })), wanted, name);
        }
        for (const name of [env, ...variables]) {
          assert.deepEqual(await read(sources({}, { [name]: given })), wanted, name);
        }
      }
      if (!set.options.some((one) => one.key === "config")) continue;
      const [section, name] = yaml.split(".");
      const file = `${section}:\n  ${name}: ${JSON.stringify(given)}\n`;
      assert.deepEqual(await read(sources({ config: ["c.yaml"] }, {}, file)), wanted, yaml);
    }
  }
  assert.ok(options > 100, String(options));
});

Deno.test("of a flag that is given twice the last counts, of lists all do", async () => {
  const { values } = await loadOptions(
    WORKER,
    sources({ capacity: ["1", "2"], egress: ["a.com", "b.com"], labels: ["a=1", "b=2"] }),
  );
  assert.deepEqual([values.capacity, values.egress, values.labels], [2, ["a.com", "b.com"], {
    a: "1",
    b: "2",
  }]);
});

Deno.test("both spellings of a flag are one option", async () => {
  const { values, where } = await loadOptions(
    COORDINATOR,
    sources({ "mcp-oidc-issuer": ["https://id.example.com"] }),
  );
  assert.equal(values.mcpOidcIssuer, "https://id.example.com");
  assert.equal(where("mcpOidcIssuer"), "--mcp-oidc-issuer");
  assert.equal(where("mcpUrl"), "--url");
  assert.equal(where("auditBackend"), "audit.backend");
});

Deno.test("a config file that cannot be read is a mistake of whoever named it", async () => {
  const byFlag = await loadOptions(WORKER, sources({ config: ["c.yaml"] }));
  assert.deepEqual(byFlag.mistakes, [{
    where: "--config",
    what: "cannot read the config file: No such file",
  }]);
  const byVariable = await loadOptions(WORKER, sources({}, { CODER_K8S_WORKER_CONFIG: "c.yaml" }));
  assert.equal(byVariable.mistakes[0]?.where, "CODER_K8S_WORKER_CONFIG");
});

Deno.test("a secret that is wrong is not repeated", async () => {
  const { mistakes } = await loadOptions(
    WORKER,
    sources({ config: ["c"] }, {}, "worker:\n  token: [hush]\n"),
  );
  assert.equal(mistakes.length, 1);
  assert.doesNotMatch(JSON.stringify(mistakes), /hush/);
});

Deno.test("any flags, environment and file give a configuration or mistakes, never a throw", async () => {
  let state = 11;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const values = [
    "",
    "0",
    "-1",
    "true",
    "1s",
    ":1",
    "off,token",
    "debug",
    "a,b",
    "https://c",
    "[1, 2]",
    "{a: b}",
    "~",
    "2Gi",
  ];
  const pick = () => values[Math.floor(random() * values.length)] ?? "";
  const reads = [[COORDINATOR as OptionSet, readCoordinator], [WORKER as OptionSet, readWorker]] as const;
  for (const [set, read] of reads) {
    for (let round = 0; round < 300; round++) {
      const some = () => set.options.filter(() => random() < 0.1);
      const flags = new Map(flagSpecs(set).filter(() => random() < 0.1).map(({ flag }) => [flag, [pick()]]));
      const bySection = Map.groupBy(some(), ({ yaml }) => yaml.split(".")[0]);
      const file = [...bySection].map(([section, options]) =>
        `${section}:\n${options.map(({ yaml }) => `  ${yaml.split(".")[1]}: ${pick()}\n`).join("")}`
      ).join("");
      const found = await read({
        flags: flags.set("config", ["c.yaml"]),
        environment: Object.fromEntries(some().map(({ env }) => [env, pick()])),
        readTextFile: () => Promise.resolve(file),
        machine: { hostname: "h", isRoot: random() < 0.5 },
      });
      assert.equal(found.config === undefined, found.mistakes.length > 0);
      for (const { where, what } of found.mistakes) assert.ok(where !== "" && what !== "");
    }
  }
});
