/** The Python that runs beside the worker and inside of sessions, carried by this program. */
import archive from "./python/archive.py" with { type: "text" };
import birth from "./python/birth.py" with { type: "text" };
import bootstrapSource from "./python/bootstrap.py" with { type: "text" };
import cgroups from "./python/cgroups.py" with { type: "text" };
import core from "./python/core.py" with { type: "text" };
import edits from "./python/edits.py" with { type: "text" };
import files from "./python/files.py" with { type: "text" };
import frames from "./python/frames.py" with { type: "text" };
import globs from "./python/globs.py" with { type: "text" };
import init from "./python/init.py" with { type: "text" };
import kernel from "./python/kernel.py" with { type: "text" };
import launcher from "./python/launcher.py" with { type: "text" };
import limits from "./python/limits.py" with { type: "text" };
import newborn from "./python/newborn.py" with { type: "text" };
import paths from "./python/paths.py" with { type: "text" };
import processes from "./python/processes.py" with { type: "text" };
import programs from "./python/programs.py" with { type: "text" };
import relay from "./python/relay.py" with { type: "text" };
import removal from "./python/removal.py" with { type: "text" };
import root from "./python/root.py" with { type: "text" };
import search from "./python/search.py" with { type: "text" };
import seccomp from "./python/seccomp.py" with { type: "text" };
import tars from "./python/tars.py" with { type: "text" };
import trees from "./python/trees.py" with { type: "text" };
import walks from "./python/walks.py" with { type: "text" };
import writes from "./python/writes.py" with { type: "text" };

/** What `python3 -c` is given: it reads {@linkcode MODULES} from the first frame. */
export const bootstrap: string = bootstrapSource;

/** By name, in the order in which they can be loaded: each imports only those before it. */
export const MODULES: Readonly<Record<string, string>> = {
  frames,
  kernel,
  paths,
  globs,
  walks,
  writes,
  edits,
  search,
  tars,
  archive,
  files,
  trees,
  seccomp,
  root,
  removal,
  programs,
  cgroups,
  limits,
  relay,
  birth,
  processes,
  core,
  init,
  newborn,
  launcher,
};
