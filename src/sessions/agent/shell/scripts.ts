/** What runs in workspaces, carried by this program. */
import archives from "./sh/archives.sh" with { type: "text" };
import files from "./sh/files.sh" with { type: "text" };
import lib from "./sh/lib.sh" with { type: "text" };
import loop from "./sh/loop.sh" with { type: "text" };
import processes from "./sh/processes.sh" with { type: "text" };
import run from "./sh/run.sh" with { type: "text" };
import search from "./sh/search.sh" with { type: "text" };
import session from "./sh/session.sh" with { type: "text" };
import watch from "./sh/watch.sh" with { type: "text" };

const FUNCTIONS = [lib, session, processes, files, search, archives, loop].map(withoutComments).join("\n");

/** Runs each process of a session: a file of its state directory. */
export const RUNNER: string = withoutComments(run);

/** Ends a session that nobody uses: a file of its state directory, for so many minutes. */
export function watcher(minutes: number): string {
  return withoutComments(
    `X=/dev/null\nKEEP=${minutes}\n${lib}\n${session}\nborn $$ && echo "$$ $B" > "$S/watched"\n${watch}`,
  );
}

/** The command of a terminal. It says `mark` and its process number, and then takes the library, of `size` bytes. */
export function bootstrap(mark: string, size: number): string {
  const say = `printf "\\n%s h %s\\n" ${mark} $$`;
  return `exec sh -c 'stty raw -echo && ${say} && eval "$(head -c ${size})"'`;
}

/** The shell code that serves requests, for one session. */
export function library(mark: string, session: string): string {
  return `K=${mark}\nID=${session}\n${FUNCTIONS}\n`;
}

/** Of whole lines only, for what is typed need not be read by people. */
function withoutComments(script: string): string {
  return script.split("\n").filter((line) => !/^\s*#/.test(line)).join("\n");
}
