import assert from "node:assert/strict";
import cgroups from "./python/cgroups.py" with { type: "text" };

/** Runs the module on a tree of plain files in place of the kernel's, for this machine has but one of the two versions. */
async function onFakes(script: string): Promise<unknown> {
  const directory = await Deno.makeTempDir();
  try {
    const program = `
import json, os, sys, types
cgroups = types.ModuleType("cgroups")
exec(compile(${JSON.stringify(cgroups)}, "cgroups.py", "exec"), cgroups.__dict__)
top = ${JSON.stringify(directory)}
moved = []
written = {}
refuse = set()
make, remove = os.makedirs, os.rmdir

def put(path, text):
    with open(path, "w") as file:
        file.write(text)

# As the kernel does: a new group has its files, an old one takes them along.
FILES = {"memory.max": "max", "memory.swap.max": "max", "memory.current": "4096", "memory.events": "low 0\\noom_kill 3\\n",
         "memory.stat": "anon 1\\nfile 1024\\n", "pids.max": "max", "pids.current": "5", "pids.events": "max 2\\n",
         "cpu.stat": "usage_usec 2500000\\nuser_usec 1\\n", "cgroup.procs": "", "cgroup.subtree_control": "",
         "cgroup.controllers": "cpu memory pids"}

def makedirs(path, *rest, **options):
    if not os.path.isdir(path):
        make(path)
        for name, text in FILES.items():
            put(os.path.join(path, name), text)

def rmdir(path):
    for name in FILES:
        if os.path.exists(os.path.join(path, name)):
            os.unlink(os.path.join(path, name))
    remove(path)

os.makedirs, os.rmdir = makedirs, rmdir
kernel_write = cgroups._write

def write(path, text):
    short = os.path.relpath(path, top)
    if short in refuse:
        refuse.discard(short)
        raise OSError(16, "Device or resource busy")
    written[short] = text
    kernel_write(path, text)

cgroups._write = write
own = os.path.join(top, "own")
makedirs(own)
cgroups._own = lambda: {"": "/own"}
cgroups._mounts = lambda: {"": ("/", top)}
limits = {"memoryBytes": 1000, "processes": 7}
${script}
`;
    const { code, stdout, stderr } = await new Deno.Command("python3", { args: ["-I", "-S", "-c", program] })
      .output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("control groups, version 2: limits, counters, removal", async () => {
  const said = await onFakes(`
groups = cgroups.Groups("pre", os.getpid())
name = "own/pre-%d" % os.getpid()
one = groups.make("sess-a-1", limits)
groups.enter(one, 42)
counters = groups.counters(one)
value = lambda *which: cgroups.value(counters, *which)
result = {
  "version": groups.version, "controllers": groups.controllers, "notes": groups.notes,
  "written": {key.replace(name, "ours"): text for key, text in written.items()},
  "values": [value("memory"), value("memory_events", "oom_kill"), value("pids"), value("pids_events", "max"),
             value("cpu", "usage_usec"), value("memory_stat", "file"), value("nothing"), value("memory_stat", "none")],
}
groups.remove(one)
groups.close()
result["left"] = [name for name in os.listdir(own) if name.startswith("pre")]
print(json.dumps(result))
`);
  assert.deepEqual(said, {
    version: 2,
    controllers: ["memory", "pids", "cpu"],
    notes: [],
    written: {
      "own/cgroup.subtree_control": "+memory +pids",
      "ours/cgroup.subtree_control": "+memory +pids",
      "ours/sess-a-1/memory.max": "1000",
      "ours/sess-a-1/memory.swap.max": "0",
      // Besides the session's own: its init, and one helper of that.
      "ours/sess-a-1/pids.max": "9",
      "ours/sess-a-1/cgroup.procs": "42",
    },
    values: [4096, 3, 5, 2, 2_500_000, 1024, null, null],
    left: [],
  });
});

Deno.test("control groups, version 2: a group with processes of ours alone gives way, one with others' does not", async () => {
  const said = await onFakes(`
result = []
for processes in ((os.getpid(), os.getppid()), (os.getpid(), 1)):
    put(own + "/cgroup.procs", "\\n".join(str(one) for one in processes))
    refuse.add("own/cgroup.subtree_control")
    groups = cgroups.Groups("pre", os.getpid())
    result.append([groups.controllers, len(groups.notes) > 0, os.path.isdir(own + "/pre-%d-worker" % os.getpid())])
    groups.close()
    if os.path.isdir(own + "/pre-%d-worker" % os.getpid()): os.rmdir(own + "/pre-%d-worker" % os.getpid())
print(json.dumps(result))
`);
  assert.deepEqual(said, [[["memory", "pids", "cpu"], false, true], [[], true, false]]);
});

Deno.test("control groups: what hosts have left that are no more goes, and nobody else's", async () => {
  const said = await onFakes(`
child = 2**22 + 1  # More than the kernel has numbers for: nobody is it, now or soon.
for name in ("pre-%d" % child, "pre-%d" % os.getppid(), "other-%d" % child, "pre-text"):
    makedirs(os.path.join(own, name))
makedirs(os.path.join(own, "pre-%d" % child, "sess-x-1"))
groups = cgroups.Groups("pre", os.getpid())
groups.clean()
print(json.dumps(sorted(name.replace(str(child), "dead").replace(str(os.getppid()), "alive").replace(str(os.getpid()), "own")
                        for name in os.listdir(own) if "-" in name)))
`);
  assert.deepEqual(said, ["other-dead", "pre-alive", "pre-own", "pre-text"]);
});

Deno.test("control groups: without any, there are none, and a note says so", async () => {
  const said = await onFakes(`
cgroups._mounts = lambda: {}
groups = cgroups.Groups("pre", os.getpid())
quiet = cgroups.Groups("pre", os.getpid(), False)
print(json.dumps([groups.controllers, groups.notes, groups.make("x", limits), quiet.controllers, quiet.notes]))
`);
  const [controllers, notes, made, quietControllers, quietNotes] = said as [
    string[],
    string[],
    null,
    string[],
    string[],
  ];
  assert.deepEqual([controllers, made, quietControllers, quietNotes], [[], null, [], []]);
  assert.match(notes.join(), /no control group can be made here/);
});
