/** unittest, which is part of Python: results by a runner of ours. */
import runner from "../python/unittest_runner.py" with { type: "text" };
import { parseLines } from "./lines.ts";
import type { Framework } from "./types.ts";

export const unittest: Framework = {
  markers: [],
  command: ({ path, isFile }, args) => {
    const slash = path.lastIndexOf("/");
    const where = isFile
      ? ["-s", slash === -1 ? "." : path.slice(0, slash), "-p", path.slice(slash + 1)]
      : ["-s", path];
    return {
      line: 'export REPORT; exec python3 -c "$@"',
      argv: [runner, "discover", ...where, ...args],
      env: { PYTHONUNBUFFERED: "1" },
    };
  },
  parse: parseLines,
  missing: ({ exitCode }) => exitCode === 127 ? "this worker has no python3" : undefined,
};
