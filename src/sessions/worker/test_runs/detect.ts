/** Which framework tests are for, by the files that are there. */
import { z } from "zod";
import type { SessionFiles } from "./files.ts";
import type { FrameworkName } from "./types.ts";

const PYTHON = /^(test_.*|.*_test)\.py$/;
const GO = /_test\.go$/;
const SCRIPT = /(^test|[._-]test|[._-]spec)\.[cm]?[jt]sx?$/;
const PYTEST_MARKS = new Set(["pytest.ini", ".pytest.ini", "conftest.py"]);
const NOT_OURS = new Set(["node_modules", ".git", ".venv", "venv", "__pycache__", "vendor", "dist", "build"]);
/** Directories that are looked into. */
const MOST_DIRECTORIES = 300;
const MOST_DEPTH = 8;

/** Undefined: nothing says. */
export async function detectFramework(
  files: SessionFiles,
  path: string,
  isFile: boolean,
): Promise<FrameworkName | undefined> {
  const parts = path.split("/").filter((part) => part !== "." && part !== "");
  const name = parts.at(-1) ?? "";
  if (isFile) {
    parts.pop();
    if (name.endsWith(".py")) return "pytest";
    if (name.endsWith(".go")) return "go";
    return await byMarkers(files, parts, ["deno", "node"]) ?? "node";
  }
  return await byMarkers(files, parts) ?? await byFiles(files, path);
}

/** By what projects have in their directory, the nearest first. */
async function byMarkers(
  files: SessionFiles,
  parts: readonly string[],
  among?: readonly ("deno" | "node")[],
): Promise<FrameworkName | undefined> {
  for (let depth = parts.length; depth >= 0; depth--) {
    const directory = depth === 0 ? "." : parts.slice(0, depth).join("/");
    const names = (await files.list(directory)).map(({ name }) => name);
    if (names.some((name) => name === "deno.json" || name === "deno.jsonc")) return "deno";
    if (names.includes("package.json")) {
      const found = packageFramework(await files.text(`${directory}/package.json`));
      if (found !== undefined) return found;
    }
    if (among !== undefined) continue;
    if (names.includes("go.mod")) return "go";
    if (names.some((name) => PYTEST_MARKS.has(name))) return "pytest";
  }
  return undefined;
}

const MOST_SCRIPT = 10_000;

const some = z.record(z.string(), z.unknown()).optional().catch(undefined);
const packageSchema = z.object({ scripts: some, dependencies: some, devDependencies: some });

function packageFramework(text: string | undefined): FrameworkName | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
  const parsed = packageSchema.safeParse(read);
  if (!parsed.success) return undefined;
  const { scripts, dependencies, devDependencies } = parsed.data;
  // No longer than anybody writes one: the patterns below take the square of it.
  const script = String(scripts?.["test"] ?? "").slice(0, MOST_SCRIPT);
  const known = { ...dependencies, ...devDependencies };
  const tools = ["vitest", "jest", "mocha"] as const;
  return tools.find((tool) => new RegExp(`\\b${tool}\\b`).test(script)) ??
    (/\bnode\b.*--test\b/.test(script) ? "node" : undefined) ??
    (/\bdeno\s+test\b/.test(script) ? "deno" : undefined) ??
    tools.find((tool) => Object.hasOwn(known, tool));
}

/** By the first test in the first directory that has one. */
async function byFiles(files: SessionFiles, path: string): Promise<FrameworkName | undefined> {
  let level = [path];
  let looked = 0;
  for (let depth = 0; depth < MOST_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const directory of level) {
      if (++looked > MOST_DIRECTORIES) return undefined;
      const entries = await files.list(directory);
      const has = (pattern: RegExp) =>
        entries.some(({ name, isDirectory }) => !isDirectory && pattern.test(name));
      if (has(PYTHON)) return "pytest";
      if (has(GO)) return "go";
      if (has(SCRIPT)) return "node";
      for (const { name, isDirectory } of entries) {
        if (isDirectory && !NOT_OURS.has(name)) next.push(directory === "." ? name : `${directory}/${name}`);
      }
    }
    level = next;
  }
  return undefined;
}

/** The nearest directory at or above `path` with one of `markers`; the session's own where there is none. */
export async function markedRoot(
  files: SessionFiles,
  path: string,
  isFile: boolean,
  markers: readonly string[],
): Promise<{ readonly root: string; readonly marker: string | undefined }> {
  if (markers.length === 0) return { root: ".", marker: undefined };
  const parts = path.split("/").filter((part) => part !== "." && part !== "");
  for (let depth = parts.length - (isFile ? 1 : 0); depth >= 0; depth--) {
    const root = depth === 0 ? "." : parts.slice(0, depth).join("/");
    const names = new Set((await files.list(root)).map(({ name }) => name));
    const marker = markers.find((name) => names.has(name));
    if (marker !== undefined) return { root, marker: await files.text(`${root}/${marker}`) };
  }
  return { root: ".", marker: undefined };
}
