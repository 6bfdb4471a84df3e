import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { ToolsError } from "./go_build.ts";
import { exists } from "./paths.ts";
import { ensurePython } from "./python_environment.ts";

/** Plays python3: says a version, makes "environments" of itself, and installs what does not say "no-such-package". */
const PLAYED = `#!/bin/sh
echo "$@" >> "$(dirname "$(readlink -f "$0")")/calls"
case "$1 $2" in
  "-c import"*) echo 3.11.7 ;;
  "-m venv") mkdir -p "$3/bin" && ln -s "$(readlink -f "$0")" "$3/bin/python" ;;
  "-m pip") for last; do :; done; if grep -q no-such-package "$last"; then echo "no matching distribution" >&2; exit 1; fi ;;
esac
`;

interface Ground extends AsyncDisposable {
  readonly cache: string;
  readonly python: string;
  readonly requirements: string;
  /** What it was called for so far: "-m venv", "-m pip". */
  calls(): Promise<string[]>;
}

async function ground(requirements: string): Promise<Ground> {
  const folder = await Deno.makeTempDir();
  const [python, file] = [join(folder, "python3"), join(folder, "requirements.txt")];
  await Deno.writeTextFile(python, PLAYED, { mode: 0o755 });
  await Deno.writeTextFile(file, requirements);
  return {
    cache: join(folder, "cache"),
    python,
    requirements: file,
    async calls() {
      const text = await Deno.readTextFile(join(folder, "calls"));
      return text.split("\n").filter((line) => line.startsWith("-m ")).map((line) => line.slice(0, 7).trim());
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const packages = (requirements: string) => ({ name: "python-x", title: "Python with x", requirements });

Deno.test("an environment is made once, and anew for other requirements", async () => {
  await using place = await ground("x==1\n");
  const { cache, python } = place;
  let told = "";
  const options = {
    cache,
    python,
    progress: { isTerminal: false, write: (text: string) => void (told += text) },
  };
  const interpreter = await ensurePython(packages(place.requirements), options);
  ok(interpreter.startsWith(`${cache}/python-x-`) && interpreter.endsWith("/bin/python"));
  match(told, /Python with x, once/);
  told = "";
  equal(await ensurePython(packages(place.requirements), options), interpreter);
  equal(told, "");
  deepEqual(await place.calls(), ["-m venv", "-m pip"]);
  await Deno.writeTextFile(place.requirements, "x==2\n");
  ok(await ensurePython(packages(place.requirements), options) !== interpreter);
});

Deno.test("several that need it at once make it once", async () => {
  await using place = await ground("x==1\n");
  const options = { ...place, progress: { isTerminal: false, write() {} } };
  const made = await Promise.all([1, 2, 3].map(() => ensurePython(packages(place.requirements), options)));
  equal(new Set(made).size, 1);
  deepEqual(await place.calls(), ["-m venv", "-m pip"]);
});

Deno.test("what did not get whole is not taken, and is made again", async () => {
  await using place = await ground("no-such-package==1\n");
  const options = {
    cache: place.cache,
    python: place.python,
    progress: { isTerminal: false, write() {} },
  };
  await rejects(
    ensurePython(packages(place.requirements), options),
    (error: Error) => error instanceof ToolsError && /PIP_INDEX_URL.*\n.*no matching/.test(error.message),
  );
  const [left] = [...Deno.readDirSync(place.cache)].filter(({ isDirectory }) => isDirectory);
  ok(left !== undefined && !(await exists(join(place.cache, left.name, ".whole"))));
  await rejects(ensurePython(packages(place.requirements), options), ToolsError);
  deepEqual(await place.calls(), ["-m venv", "-m pip", "-m venv", "-m pip"]);
});

Deno.test("without Python it is said what to install", async () => {
  await using place = await ground("");
  const options = { python: join(place.cache, "no-python"), cache: place.cache };
  await rejects(
    ensurePython(packages(place.requirements), options),
    (error: Error) => error instanceof ToolsError && /python3-venv/.test(error.message),
  );
});
