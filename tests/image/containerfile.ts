/** What Containerfile says about its stages: the tests build and run the same without an engine. */

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly arguments: Readonly<Record<string, string>>;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly ports: readonly number[];
  /** Texts of its `RUN` instructions. */
  readonly runs: readonly string[];
}

/** All stages, by name, of the file of this repository. */
export async function readContainerfile(path = `${root}/Containerfile`): Promise<Map<string, Stage>> {
  return stagesOf(await Deno.readTextFile(path));
}

/** All stages, by name. Continued lines are joined; comments may stand between them, as engines allow. */
export function stagesOf(text: string): Map<string, Stage> {
  const lines = text.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n\s*/g, " ").split("\n");
  const stages = new Map<string, Stage>();
  let instructions: [string, string][] = [];
  for (const line of lines.filter((line) => line.trim() !== "")) {
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const [, from, name] = word === "FROM" ? /^(\S+) AS (\S+)$/.exec(rest) ?? [] : [];
    if (word === "FROM" && (from === undefined || name === undefined)) {
      throw new Error(`FROM ${rest}: every stage has a name here`);
    }
    if (from !== undefined && name !== undefined) {
      instructions = [];
      stages.set(name, stage(name, from, instructions));
    } else instructions.push([word, rest]);
  }
  return stages;
}

/** Packages that a stage installs. */
export function debianPackages({ runs }: Stage): string[] {
  return runs.flatMap((run) => {
    const list = /apt-get install((?: [^&]+)+)&&/.exec(run)?.[1] ?? "";
    return list.trim().split(/\s+/).filter((word) => word !== "" && !word.startsWith("-"));
  });
}

/** Reads `instructions` when it is asked: they are still being collected when a stage is made. */
function stage(name: string, from: string, instructions: readonly [string, string][]): Stage {
  const all = (word: string) => instructions.filter(([one]) => one === word).map(([, rest]) => rest);
  const pairs = (word: string) =>
    Object.fromEntries(
      all(word).flatMap((rest) => [...rest.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)])
        .map(([, key = "", quoted, plain]) => [key, quoted ?? plain ?? ""]),
    );
  const list = (word: string): string[] => JSON.parse(all(word).at(-1) ?? "[]");
  const user = () => all("USER").at(-1)?.split(":").map(Number) ?? [];
  return {
    name,
    from,
    get env() {
      return pairs("ENV");
    },
    get labels() {
      return pairs("LABEL");
    },
    get arguments() {
      return pairs("ARG");
    },
    get uid() {
      return user()[0];
    },
    get gid() {
      return user()[1];
    },
    get entrypoint() {
      return list("ENTRYPOINT");
    },
    get command() {
      return list("CMD");
    },
    get ports() {
      return all("EXPOSE").flatMap((rest) => rest.split(/\s+/).map(Number));
    },
    get runs() {
      return all("RUN");
    },
  };
}
