/** pip: how it is called, and what it says it has installed. */
import { z } from "zod";
import { relativePath } from "../relative_path.ts";
import { type InstalledPackage, MOST_INSTALLED } from "./installed.ts";

/** Python packages go below the session's home: its system's are not its own. */
export function pipArguments(packages: readonly string[], from: string | undefined): readonly string[] {
  return [
    "python3",
    "-m",
    "pip",
    "install",
    "--user",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
    ...(from === undefined ? [] : ["-r", relativePath(from, "from")]),
    "--",
    ...packages,
  ];
}

/** As variables, for what older versions do not know as options, and ignore here. */
export const PIP_VARIABLES: Readonly<Record<string, string>> = {
  // Debian's Python refuses `--user` otherwise, although nothing of its own is touched.
  PIP_BREAK_SYSTEM_PACKAGES: "1",
  PIP_ROOT_USER_ACTION: "ignore",
  PIP_NO_WARN_SCRIPT_LOCATION: "1",
  PYTHONUNBUFFERED: "1",
};

/** Its report goes where `$REPORT` says. */
export const PIP_LINE = 'export PIP_REPORT="$REPORT"; exec "$@"';

const reportSchema = z.object({
  install: z.array(z.object({
    metadata: z.object({ name: z.string().max(256), version: z.string().max(256) }),
  })).max(MOST_INSTALLED),
});
const SUCCESS = /^Successfully installed (.+)$/m;

/** By its report (pip 22.2 and later), or by what it has printed. */
export function pipInstalled(report: string | undefined, stdout: string): readonly InstalledPackage[] {
  const parsed = report === undefined ? undefined : reportSchema.safeParse(json(report));
  if (parsed?.success) return parsed.data.install.map(({ metadata }) => metadata);
  const names = SUCCESS.exec(stdout)?.[1]?.trim().split(/\s+/) ?? [];
  return names.slice(0, MOST_INSTALLED).map((name) => {
    const dash = name.lastIndexOf("-");
    return { name: name.slice(0, dash), version: name.slice(dash + 1) };
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Says why it could not even begin. */
export function pipTrouble(exitCode: number | undefined, stderr: string): string | undefined {
  if (exitCode === 127) return "this worker has no python3: install it there, or use another worker";
  if (/No module named pip\b/.test(stderr)) {
    return "the python3 of this worker has no pip: install it there (Debian: python3-pip), or use another worker";
  }
  if (/Can not perform a '--user' install/.test(stderr)) {
    return "the python3 of this worker is one of a virtual environment, where nothing can be installed for a user: " +
      "start the worker with another python3";
  }
  return undefined;
}
