/** pytest: results by its report in the manner of JUnit, whose first form has files and lines. */
import { type JunitCase, parseJunit } from "./junit.ts";
import type { Case } from "./results.ts";
import type { Framework } from "./types.ts";

export const pytest: Framework = {
  markers: [],
  command: ({ path }, args) => ({
    line: 'exec python3 -m pytest --junitxml="$REPORT" -o junit_family=xunit1 "$@"',
    // Where no path is named, its configuration says which.
    argv: [...args, ...(path === "." ? [] : [path])],
    env: { PYTHONUNBUFFERED: "1" },
  }),
  parse: (report) => parseJunit(report, described),
  missing: ({ exitCode, stderr }) =>
    exitCode === 127
      ? "this worker has no python3"
      : /No module named pytest\b/.test(stderr)
      ? 'install it with pkg.install, packages ["pytest"]'
      : undefined,
};

function described({ attributes, message, text }: JunitCase): Omit<Case, "status"> {
  const { file, line, classname = "", name = "" } = attributes;
  const place = placeIn(text);
  // Of the definition, counted from 0.
  const defined = line === undefined ? undefined : Number(line) + 1;
  return {
    name: nodeName(file, classname, name),
    file: place?.file ?? file ?? fileOf(classname, name),
    line: place === undefined || (file !== undefined && place.file !== file)
      ? place?.line ?? defined
      : place.line,
    message: text.trim() === "" ? message : text,
  };
}

/** As pytest names it: `tests/test_a.py::TestB::test_c[1]`. */
function nodeName(file: string | undefined, classname: string, name: string): string {
  if (file === undefined) return [classname, name].filter((part) => part !== "").join("::");
  if (classname === "" && `${name.replaceAll(".", "/")}.py` === file) return file;
  const module = file.replace(/\.py$/, "").replaceAll("/", ".");
  const classes = classname.startsWith(`${module}.`) ? classname.slice(module.length + 1).split(".") : [];
  return [file, ...classes, name].join("::");
}

/** Errors of collection have the module as their name. */
function fileOf(classname: string, name: string): string | undefined {
  if (classname !== "" || !/^[\w.]+$/.test(name)) return undefined;
  return `${name.replaceAll(".", "/")}.py`;
}

/** The last place that the failure names: where it was raised. */
function placeIn(text: string): { readonly file: string; readonly line: number } | undefined {
  const places = [...text.matchAll(/^(?:E\s+File "([^"\n]+)", line (\d+)|([^\s:][^\n:]*\.\w+):(\d+): )/gm)]
    .map(([, quoted, quotedLine, file, line]) => ({
      file: quoted ?? file ?? "",
      line: Number(quotedLine ?? line),
    }));
  // The innermost place may be in a library: the test's own is what to look at.
  return places.findLast(({ file }) => !/site-packages|\/lib\/python/.test(file)) ?? places.at(-1);
}
