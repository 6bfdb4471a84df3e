/**
 * A program in a root file system of its own as a container engine would start it: read-only root, its own /tmp, its
 * own /proc, uid of the image, no capabilities, no new privileges. The network is the machine's.
 */
import { join } from "node:path";
import type { Stage } from "./containerfile.ts";

export interface JailOptions {
  readonly root: string;
  /** Its user, environment and entry point count. */
  readonly stage: Stage;
  /** Put where the image has it. */
  readonly binary: string;
  /** Overrides the image's user, as Kubernetes and OpenShift do. */
  readonly uid?: number;
  /** Files that the program reads: name below `/tmp/given` → text. */
  readonly given?: Readonly<Record<string, string>>;
  /** Directories with a volume of their own. */
  readonly volumes?: readonly string[];
  /** It is process 1 of its own, as in a container. @default {false} */
  readonly first?: boolean;
  /** Variables besides those of the image. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Jail extends AsyncDisposable {
  /**
   * Starts the entry point with the arguments that it is given. Signals reach the program itself, unless it is process 1
   * of its own: then it is the only child of what is started.
   */
  readonly program: string;
  /** Starts any other program of the root file system. Only where there are programs. */
  readonly other: string;
}

/**
 * Mounts are made in a namespace that ends with the program. Sessions need a root that is a mount's own root, not one
 * of chroot: no user namespace is made from there. Where the root has Debian's tools they do that; without them chroot
 * is enough, for there are no sessions.
 */
const SCRIPT = `set -eu
root=$1 binary=$2 given=$3 uid=$4 gid=$5 volumes=$6 pivot=$7
shift 7
mount --bind "$root" "$root"
mount --bind "$binary" "$root/coder-k8s"
mount --bind "$given/etc/passwd" "$root/etc/passwd"
mount --bind "$given/etc/group" "$root/etc/group"
for name in hosts resolv.conf; do mount --bind "/etc/$name" "$root/etc/$name"; done
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
mkdir "$root/tmp/given"
cp "$given/files/." "$root/tmp/given" -r
chmod -R a+rX "$root/tmp/given"
for name in $volumes; do
  mount -t tmpfs -o "mode=700,uid=$uid,gid=$gid,nosuid,nodev" tmpfs "$root$name"
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
if [ "$pivot" = yes ]; then
  cd "$root"
  pivot_root . .
  umount -l .
  cd /
  exec setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
fi
exec setpriv --no-new-privs chroot --userspec="$uid:$gid" --groups= "$root" "$@"
`;

/** Prepares it; nothing runs yet. */
export async function makeJail(options: JailOptions): Promise<Jail> {
  const { root, stage, binary, uid = stage.uid ?? 0, given = {}, volumes = [], env = {}, first = false } =
    options;
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-jail-" });
  const write = async (path: string, text: string, mode = 0o644) => {
    await Deno.mkdir(join(directory, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(directory, path), text, { mode });
    return join(directory, path);
  };
  await Deno.mkdir(join(directory, "files"));
  for (const [name, text] of Object.entries(given)) await write(`files/${name}`, text);
  const accounts = accountsOf(stage);
  await write("etc/passwd", accounts?.passwd ?? await Deno.readTextFile(join(root, "etc/passwd")));
  await write("etc/group", accounts?.group ?? await Deno.readTextFile(join(root, "etc/group")));
  const script = await write("start.sh", SCRIPT);
  const pivot = await Deno.stat(join(root, "usr/bin/setpriv")).then(() => "yes", () => "no");
  const variables = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...stage.env,
    ...env,
  };
  const fixed = [root, binary, directory, String(uid), String(stage.gid ?? uid), volumes.join(" "), pivot];
  const starter = (words: readonly string[]) =>
    [
      "#!/bin/sh",
      // What the caller set for this program stays, what is the machine's own does not come in.
      "unset HOSTNAME USER LOGNAME SHELL LANG DENO_DIR XDG_CACHE_HOME PIP_FIND_LINKS",
      ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
      `exec /usr/bin/unshare --mount --propagation=private ${
        first ? "--pid --fork --kill-child " : ""
      }/bin/sh ${[script, ...fixed, ...words].map(quoted).join(" ")} "$@"`,
      "",
    ].join("\n");
  return {
    program: await write("program", starter(stage.entrypoint), 0o755),
    other: await write("other", starter([]), 0o755),
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** The accounts that Containerfile writes into the product's image; a stage on Debian has those of Debian. */
function accountsOf({ from, name }: Stage): { passwd: string; group: string } | undefined {
  if (!from.includes("distroless")) return undefined;
  return name === "coder-k8s" ? ACCOUNTS : undefined;
}

/** As `printf` in Containerfile writes them; `containerfile_test.ts` holds both equal. */
export const ACCOUNTS = {
  passwd: "root:x:0:0:root:/root:/sbin/nologin\n" +
    "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" +
    "coder-k8s:x:1000:1000:coder-k8s:/tmp:/sbin/nologin\n",
  group: "root:x:0:\nnobody:x:65534:\ncoder-k8s:x:1000:\n",
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
