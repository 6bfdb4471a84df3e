/** `deno task check`: format, lint, types, import rules, documents that must be true, generated files. */
import { projectLinks } from "./docs.ts";
import { importCircles } from "./lib/circles.ts";
import { differencesProblems } from "./lib/differences.ts";
import { filesBelow, read } from "./lib/files.ts";
import { readRooms, wrongDoors } from "./lib/rooms.ts";
import { root, runDeno, say } from "./lib/run.ts";
import { versionsDiffer } from "./lib/version_files.ts";

interface Step {
  name: string;
  /** Problems in words; empty when all is well. */
  run: () => Promise<string[]>;
}

function deno(...args: string[]): () => Promise<string[]> {
  return async () => {
    const { code, output } = await runDeno(args, { cwd: root, env: { NO_COLOR: "1" } });
    return code === 0 ? [] : [output.trim()];
  };
}

/** What runs in browsers knows of a browser, not of this runtime. */
async function pageTypes(): Promise<string[]> {
  const files = await filesBelow("src/ui/page", [".js"]);
  return await deno("check", "--quiet", "--config", "src/ui/page/check.json", ...files)();
}

async function importRules(): Promise<string[]> {
  const rooms = readRooms(read("docs/architecture.md"));
  const files = [
    "main.ts",
    ...await filesBelow("src", [".ts", ".js"]),
    ...await filesBelow("tests", [".ts"]),
  ];
  return files.flatMap((file) => wrongDoors(file, read(file), rooms));
}

async function circles(): Promise<string[]> {
  const files = [...await filesBelow("src", [".ts", ".js"]), ...await filesBelow("tests", [".ts"])];
  return importCircles(new Map(files.map((file) => [file, read(file)])));
}

async function differences(): Promise<string[]> {
  const tests = [...await filesBelow("src", ["_test.ts"]), ...await filesBelow("tests", ["_test.ts"])];
  return differencesProblems(
    read("docs/upstream-differences.md"),
    new Map(tests.map((file) => [file, read(file)])),
  );
}

function dependencies(): Promise<string[]> {
  const imports = Object.entries(
    (JSON.parse(read("deno.json")) as { imports: Record<string, string> }).imports,
  );
  const document = read("docs/dependencies.md");
  const problems: string[] = [];
  for (const [name, target] of imports) {
    if (!/^npm:.+@\d+\.\d+\.\d+$/.test(target)) {
      problems.push(`deno.json: ${name} is not pinned exactly (${target})`);
    }
    if (!document.includes(`\`${name}\``)) problems.push(`docs/dependencies.md does not name ${name}`);
  }
  return Promise.resolve(problems);
}

async function sizes(): Promise<string[]> {
  const generated = /^src\/api\/kubernetes\//;
  const files = [...await filesBelow("src", [".ts", ".js"]), ...await filesBelow("tests", [".ts"])];
  return files
    .filter((file) => !generated.test(file))
    .map((file) => ({ file, lines: read(file).split("\n").length }))
    .filter(({ lines }) => lines > 600)
    .map(({ file, lines }) => `${file} has ${lines} lines; 600 is the most: split it`);
}

const steps: Step[] = [
  { name: "format", run: deno("fmt", "--check", "--quiet") },
  { name: "lint", run: deno("lint", "--quiet") },
  { name: "types", run: deno("check", "--quiet", "main.ts", "src", "tests", "scripts") },
  { name: "types of the page", run: pageTypes },
  { name: "import rules", run: importRules },
  { name: "no circles of imports", run: circles },
  { name: "file sizes", run: sizes },
  { name: "dependencies documented and pinned", run: dependencies },
  { name: "one version everywhere", run: versionsDiffer },
  { name: "links of documents lead somewhere", run: async () => (await projectLinks()).problems },
  { name: "upstream differences have their tests", run: differences },
  { name: "generated files up to date", run: deno("run", "-A", "scripts/generate.ts", "--check") },
];

let failed = 0;
for (const step of steps) {
  const started = performance.now();
  const problems = await step.run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`${problems.length === 0 ? "ok    " : "FAILED"}  ${step.name} (${seconds} s)`);
  for (const problem of problems) say(problem.replace(/^/gm, "        "));
  if (problems.length > 0) failed++;
}
say(failed === 0 ? `\n${steps.length} checks passed` : `\n${failed} of ${steps.length} checks failed`);
Deno.exit(failed === 0 ? 0 : 1);
