import assert from "node:assert/strict";
import type { Came, InstallAsked, Installed, UninstallAsked } from "../app/install.ts";
import type { InstallRun } from "./installing.ts";
import { runMain } from "./testing.ts";

const INSTALLED: Installed = { counts: { created: 3, configured: 2, unchanged: 1 }, leftBehind: [] };

interface Given {
  readonly came?: Came<Installed>;
  readonly answer?: boolean;
  readonly isTerminal?: boolean;
  readonly stoppedBy?: Deno.Signal;
  readonly during?: (asked: InstallAsked, run: InstallRun) => Promise<void> | void;
}

async function run(
  line: string,
  { came = { result: INSTALLED }, answer, isTerminal = false, stoppedBy, during }: Given = {},
) {
  const asked: (InstallAsked & { timeoutMs: number })[] = [];
  const questions: string[] = [];
  const ran = await runMain(["install", ...line.split(" ").filter((word) => word !== "")], {
    installation: {
      install: async (_config, request, parts) => {
        asked.push({ ...request, timeoutMs: parts.timeoutMs });
        await during?.(request, parts);
        return came;
      },
      uninstall: () => Promise.reject(new Error("nobody asked for this")),
      confirm: (question) => {
        questions.push(question);
        return Promise.resolve(answer);
      },
      untilStopped: async (run) => {
        await run(new AbortController().signal);
        return stoppedBy;
      },
      isTerminal,
    },
  });
  return { ...ran, asked, questions };
}

Deno.test("install asks for the shape all, waits, and says what is up and what comes next", async () => {
  const { code, out, err, asked: [request] } = await run("");
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(request?.choice.shape, "all");
  assert.deepEqual(
    [request?.namespace, request?.dryRun, request?.wait, request?.setsReplicas, request?.timeoutMs],
    ["coder-system", false, true, false, 300_000],
  );
  assert.match(out, /3 created, 2 configured, 1 unchanged\n\ncoder-k8s is up, in coder-system:/);
  assert.match(out, /coder-k8s check after {2}/);
  assert.match(out, /kubectl apply -f - <<EOF/);
});

Deno.test("flags say what is installed, and how", async () => {
  const { asked: [request], out } = await run(
    "--overlay=split,network-policy --overlay size-medium -n elsewhere --image=mirror/coder-k8s:2 --replicas=3 " +
      "--api-server-cidr=10.0.0.0/28,fd00::/64 --wait=false --timeout=90s --take-ownership",
  );
  assert.deepEqual([request?.choice.shape, ...request!.choice.components], [
    "split",
    "network-policy",
    "size-medium",
    "split-accounts",
  ]);
  const { namespace, wait, setsReplicas, takesOwnership, apiServerCidrs, timeoutMs } = request!;
  assert.deepEqual([namespace, wait, setsReplicas, takesOwnership, apiServerCidrs, timeoutMs], [
    "elsewhere",
    false,
    true,
    true,
    ["10.0.0.0/28", "fd00::/64"],
    90_000,
  ]);
  const texts = JSON.stringify(request!.objects.filter(({ kind }) => kind === "Deployment"));
  assert.match(texts, /"image":"mirror\/coder-k8s:2"/);
  assert.match(texts, /"replicas":3/);
  assert.match(out, /is applied, and not waited for, in elsewhere/);
  assert.match(out, /coder-k8s check after -n elsewhere/);
});

Deno.test("a dry run by the client lists, by the server asks it", async () => {
  const client = await run("--dry-run=client");
  assert.deepEqual([client.code, client.asked], [0, []]);
  assert.match(client.out, /^customresourcedefinition\S+ \(dry run\)\n[^]*\napiservice\S+ \(dry run\)\n$/);
  for (const flag of ["--dry-run", "--dry-run=server"]) {
    const { asked: [request], out } = await run(flag);
    assert.equal(request?.dryRun, true);
    assert.ok(!out.includes("is up"));
  }
  assert.equal((await run("--dry-run=none")).asked[0]?.dryRun, false);
  assert.equal((await run("--dry-run=false")).asked[0]?.dryRun, false);
});

Deno.test("what is wrong is said, all of it, and nothing is asked for", async () => {
  const { code, err, asked } = await run(
    "--overlay=al --image=! --replicas=x --timeout=soon --dry-run=maybe --api-server-cidr=here stray",
  );
  assert.deepEqual([code, asked], [2, []]);
  for (const where of ["--image", "--replicas", "--timeout", "--dry-run", "--api-server-cidr", "stray"]) {
    assert.ok(err.includes(where), where);
  }
  assert.match((await run("--overlay=al")).err, /--overlay: there is no overlay al: shapes are all, split/);
  assert.match((await run("--overlay=coordinator --replicas=2")).err, /coordinator\/replicas/);
  assert.match((await run("--delete-crds")).err, /is not a flag of install/);
});

Deno.test("where the other one of coordinator and workers is, is a flag, and what is to be done there is said at the end", async () => {
  const otherSide = "the coordinator in talks lets in nobody;\u001b to change that: …";
  const { code, out, err, asked: [request] } = await run(
    "--overlay=workers --namespace=boxes --coordinator-namespace=talks",
    { came: { result: { ...INSTALLED, otherSide } } },
  );
  assert.equal(code, 0);
  assert.deepEqual([request?.namespace, request?.otherNamespace], ["boxes", "talks"]);
  assert.match(out, /Workers are in boxes\./);
  assert.equal(err, "coder-k8s: the coordinator in talks lets in nobody;? to change that: …\n");
  const listed = await run("--overlay=workers --namespace=boxes --dry-run=client");
  assert.match(listed.err, /must let in those of boxes: coder-k8s install --overlay=coordinator/);
  const replicas = await run("--overlay=coordinator/replicas --namespace=talks");
  assert.match(replicas.out, /for coordinator\.talks\.svc and coordinator-workers\.talks\.svc/);
  assert.equal(replicas.err, "");
  for (
    const [line, said] of [
      ["--workers-namespace=x", /--workers-namespace does not go with all, but with coordinator/],
      ["--overlay=coordinator --workers-namespace=A", /--workers-namespace: must be one namespace name/],
      ["--overlay=workers --namespace=coder-sessions", /cannot both be in coder-sessions/],
    ] as const
  ) {
    const wrong = await run(line);
    assert.deepEqual([wrong.code, wrong.asked], [2, []]);
    assert.match(wrong.err, said);
  }
});

Deno.test("what is not needed any more goes with --prune, or where the person says so", async () => {
  const old = [{ apiVersion: "v1", kind: "Service", metadata: { name: "old", namespace: "n" } }];
  const prunes = async (flags: string, answer?: boolean) => {
    let may: boolean | undefined;
    const during = async (asked: InstallAsked) => void (may = await asked.mayPrune(old));
    const { questions } = await run(flags, { during, ...(answer === undefined ? {} : { answer }) });
    return [may, questions.length];
  };
  assert.deepEqual(await prunes("--prune"), [true, 0]);
  assert.deepEqual(await prunes("--prune=false", true), [false, 0]);
  assert.deepEqual(await prunes("", true), [true, 1]);
  assert.deepEqual(await prunes("", false), [false, 1]);
  assert.deepEqual(await prunes(""), [false, 1], "nobody can be asked");
  const odd = [{ ...old[0]!, metadata: { name: "old\x1b[2J", namespace: "n" } }];
  const asked = await run("", { during: async (request) => void await request.mayPrune(odd) });
  assert.match(asked.questions.join(), /made these.*\n {2}service\/old\?\[2J in n\nRemove/);
  const { out } = await run("", { came: { result: { ...INSTALLED, leftBehind: old } } });
  assert.match(
    out,
    /1 objects of an earlier install are left; to remove them: the same command with --prune/,
  );
});

Deno.test("a refusal is told, harmless for a terminal, and an interruption has its own exit code", async () => {
  const { code, err } = await run("", { came: { refusal: "it is\n\x1b[31mforbidden" } });
  assert.deepEqual([code, err], [1, "coder-k8s: it is\n?[31mforbidden\n"]);
  assert.equal((await run("", { stoppedBy: "SIGINT" })).code, 130);
});

Deno.test("what is waited for is a line each in a file, and one line that changes on a terminal", async () => {
  const during = (_: InstallAsked, { say }: InstallRun) => {
    say.waiting("pods: 0 of 2");
    say.waiting("pods: 0 of 2");
    say.line("deployment created\x07");
    say.waiting("pods: 1 of 2");
    say.waiting(undefined);
  };
  const plain = await run("", { during });
  assert.equal(plain.err, "waiting for pods: 0 of 2\nwaiting for pods: 1 of 2\n");
  assert.match(plain.out, /^deployment created\?\n/);
  const terminal = await run("", { during, isTerminal: true });
  assert.equal(terminal.err, "\r\x1b[Kpods: 0 of 2\r\x1b[K\r\x1b[Kpods: 1 of 2\r\x1b[K");
});

Deno.test("a coordinator and workers say what they still need", async () => {
  assert.match(
    (await run("--overlay=coordinator")).out,
    /in coder-sessions\. It starts when its Secrets are there/,
  );
  assert.match(
    (await run("--overlay=workers")).out,
    /in coder-sandboxes\. They start when their tokens are there/,
  );
});

async function remove(line: string, given: { answer?: boolean; came?: Came<readonly string[]> } = {}) {
  const asked: UninstallAsked[] = [];
  let agreed: boolean | undefined;
  const ran = await runMain(["uninstall", ...line.split(" ").filter((word) => word !== "")], {
    installation: {
      install: () => Promise.reject(new Error("nobody asked for this")),
      uninstall: async (_config, request) => {
        asked.push(request);
        agreed = await request.confirm("all of it\nwith \x1b[2J it");
        return given.came ?? { result: [] };
      },
      confirm: () => Promise.resolve(given.answer),
      untilStopped: async (run) => {
        await run(new AbortController().signal);
        return undefined;
      },
      isTerminal: false,
    },
  });
  return { ...ran, asked: asked[0], agreed };
}

Deno.test("uninstall asks before it removes, unless somebody has said yes", async () => {
  const asked = await remove("", { answer: true });
  assert.deepEqual([asked.code, asked.agreed], [0, true]);
  assert.equal(asked.err, "all of it\nwith ?[2J it\n");
  assert.match(asked.out, /coder-k8s is gone/);
  assert.equal((await remove("", { answer: false })).agreed, false);
  const nobody = await remove("");
  assert.equal(nobody.agreed, false);
  assert.match(nobody.err, /Nobody can be asked here: --yes/);
  assert.equal((await remove("-y")).agreed, true);
});

Deno.test("uninstall keeps people's things unless it is told so, in so many words", async () => {
  const { asked: plain } = await remove("-y");
  assert.deepEqual(
    [
      plain?.family,
      plain?.namespace,
      plain?.deleteCrds,
      plain?.deleteData,
      plain?.deleteNamespace,
      plain?.abandon,
    ],
    ["product", "coder-system", false, false, false, false],
  );
  const { asked: all } = await remove("-y --delete-crds --delete-data --delete-namespace --abandon -n x");
  assert.deepEqual(
    [all?.namespace, all?.deleteCrds, all?.deleteData, all?.deleteNamespace, all?.abandon],
    ["x", true, true, true, true],
  );
  const { asked: coordinator } = await remove("-y --overlay=coordinator/replicas");
  assert.deepEqual([coordinator?.family, coordinator?.namespace], ["coordinator", "coder-sessions"]);
});

Deno.test("uninstall says what is wrong, what was refused and what is left", async () => {
  assert.match((await remove("--abandon")).err, /--abandon: goes with --delete-crds alone/);
  assert.match((await remove("--overlay=al stray")).err, /stray argument after uninstall[^]*no overlay al/);
  assert.equal((await remove("stray")).code, 2);
  const refused = await remove("-y", { came: { refusal: "held" } });
  assert.deepEqual([refused.code, refused.err.endsWith("coder-k8s: held\n")], [1, true]);
  const left = await remove("-y", { came: { result: ["role: no"] } });
  assert.deepEqual([left.code, left.err.endsWith("could not be removed:\n  role: no\n")], [1, true]);
});
