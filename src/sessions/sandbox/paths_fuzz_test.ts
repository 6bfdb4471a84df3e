import { deepEqual, equal, ok } from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { FilesRig } from "./testing/files_rig.ts";

/** A directory as plain data: what the kernel and the walk are compared with knows no file system. */
type Node = { dir: Map<string, Node> } | { file: string } | { link: string } | { fifo: true };
type Dir = Extract<Node, { dir: unknown }>;

const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 20_261_122);
const NAMES = ["a", "b", "c", "d.txt", "..x", "ü"];
const PIECES = [...NAMES, ...NAMES, ...NAMES, "", ".", "..", "nothing", "\0", "/", "x".repeat(256), "\udfff"];

interface Choices {
  random: () => number;
  pick: <T>(from: readonly T[]) => T;
}

function choices(seed: number): Choices {
  const random = seededRandom(seed);
  return { random, pick: (from) => from[Math.floor(random() * from.length)]! };
}

function grow({ random, pick }: Choices, root: string, depth: number): Dir {
  const dir = new Map<string, Node>();
  for (const name of NAMES) {
    const what = random();
    if (what < 0.3 && depth > 0) dir.set(name, grow({ random, pick }, root, depth - 1));
    else if (what < 0.5) dir.set(name, { file: `${depth}-${random()}` });
    else if (what < 0.9) dir.set(name, { link: target({ random, pick }, root) });
    else if (what < 0.93) dir.set(name, { fifo: true });
  }
  return { dir };
}

function target({ random, pick }: Choices, root: string): string {
  const parts = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick([...NAMES, "..", "..", "."]));
  const start = pick(["", "", "", `${root}/`, `${root}x/`, "/", `${root}/../workspace/`, "/proc/self/root/"]);
  return start + parts.join("/");
}

async function plant(path: string, { dir }: Dir): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  for (const [name, node] of dir) {
    const at = `${path}/${name}`;
    if ("dir" in node) await plant(at, node);
    else if ("file" in node) await Deno.writeTextFile(at, node.file);
    else if ("link" in node) await Deno.symlink(node.link, at);
    else await new Deno.Command("mkfifo", { args: [at] }).output();
  }
}

class Refused {
  constructor(readonly code: string) {}
}

/** What a path names in the model. */
function resolve(tree: Dir, root: string, path: string): Node | Refused {
  if (path === "" || path.startsWith("/") || path.includes("\0") || !path.isWellFormed()) {
    return new Refused("invalid");
  }
  if (path.split("/").some((part) => part === ".." || new TextEncoder().encode(part).length > 255)) {
    return new Refused("invalid");
  }
  let todo = path.split("/");
  const held: Dir[] = [tree];
  let here: Node = tree;
  let links = 0;
  while (todo.length > 0) {
    const part = todo.shift()!;
    if (part === "" || part === ".") continue;
    if (!("dir" in here)) return new Refused("invalid");
    if (part === "..") {
      held.pop();
      if (held.length === 0) return new Refused("forbidden");
      here = held.at(-1)!;
      continue;
    }
    const next: Node | undefined = here.dir.get(part);
    if (next === undefined) return new Refused("not_found");
    if ("link" in next) {
      if (++links > 40) return new Refused("invalid");
      if (next.link.startsWith("/")) {
        const below = next.link.slice(root.length);
        if (!next.link.startsWith(`${root}/`) || below.split("/").includes("..")) {
          return new Refused("forbidden");
        }
        held.length = 1;
        here = tree;
        todo = [...below.split("/"), ...todo];
      } else {
        todo = [...next.link.split("/"), ...todo];
      }
      continue;
    }
    here = next;
    if ("dir" in here) held.push(here);
  }
  return here;
}

function expected(tree: Dir, root: string, path: string): string {
  const found = resolve(tree, root, path);
  if (found instanceof Refused) return found.code;
  return "file" in found ? `=${found.file}` : "invalid";
}

function somePath({ random, pick }: Choices): string {
  return Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(PIECES)).join(
    random() < 0.03 ? "//" : "/",
  );
}

const READ_ALL = `
import files
result = []
for path in argument:
    try:
        result.append("=" + files.handle("read", {"path": path}, None, root_fd, limits)[1].decode())
    except files.FileError as error:
        result.append(error.code)
`;

for (const beneath of [true, false]) {
  const way = beneath ? "by the kernel" : "by hand";
  Deno.test(`any path in any tree reads what it names, or is refused as it should be (${way})`, async () => {
    await using rig = await FilesRig.open({ beneath, isolated: false });
    for (let round = 0; round < 12; round++) {
      const chosen = choices(SEED + round);
      const tree = grow(chosen, rig.root, 3);
      await Deno.remove(rig.root, { recursive: true }).catch(() => {});
      await plant(rig.root, tree);
      await rig.python(
        "import os; fd = os.open(argument, os.O_RDONLY | os.O_DIRECTORY); os.dup2(fd, root_fd); os.close(fd)",
        rig.root,
      );
      const paths = Array.from({ length: 1_500 }, () => somePath(chosen));
      const came = await rig.python(READ_ALL, paths) as string[];
      const seen = new Set<string>();
      for (const [at, path] of paths.entries()) {
        const want = expected(tree, rig.root, path);
        seen.add(want[0] === "=" ? "=" : want);
        equal(came[at], want, `${JSON.stringify(path)} (seed ${SEED + round})`);
      }
      ok(
        seen.has("=") && seen.has("forbidden") && seen.has("not_found") && seen.has("invalid"),
        "all outcomes are there",
      );
    }
  });
}

const WRITE_ALL = `
import files
result = []
for path in argument:
    try:
        result.append("created" if files.handle("write", {"path": path}, b"new", root_fd, limits)[0]["created"] else "replaced")
    except files.FileError as error:
        result.append(error.code)
`;

Deno.test("any path that is written changes nothing outside, and both ways do the same", async () => {
  const outcomes: string[][] = [];
  for (const beneath of [true, false]) {
    await using rig = await FilesRig.open({ beneath, isolated: false });
    const chosen = choices(SEED);
    const tree = grow(chosen, "/nowhere", 3);
    await plant(rig.root, tree);
    await Deno.writeTextFile(`${rig.base}/beside`, "beside");
    const paths = Array.from({ length: 1_500 }, () => somePath(chosen));
    const came = await rig.python(WRITE_ALL, paths) as string[];
    for (const [at, path] of paths.entries()) {
      const ended = came[at]!;
      if (ended !== "created" && ended !== "replaced") continue;
      const { body } = await rig.file("read", { path });
      equal(new TextDecoder().decode(body), "new", path);
    }
    deepEqual([...Deno.readDirSync(rig.base)].map(({ name }) => name).sort(), [
      "beside",
      "outside",
      "spool",
      "workspace",
    ]);
    equal([...Deno.readDirSync(rig.outside)].length, 0);
    outcomes.push(came);
  }
  deepEqual(outcomes[0], outcomes[1]);
  ok(["created", "replaced", "forbidden", "invalid"].every((each) => outcomes[0]!.includes(each)));
});
