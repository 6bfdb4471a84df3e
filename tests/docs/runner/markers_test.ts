import { deepEqual, equal, match, throws } from "node:assert/strict";
import { type Marker, NEEDS, readMarker } from "./markers.ts";

Deno.test("markers without values", () => {
  deepEqual(readMarker(" background "), { kind: "background" });
  deepEqual(readMarker(" fails "), { kind: "fails" });
  throws(() => readMarker(" background now "), /background takes nothing; "now"/);
});

Deno.test("a reason is mandatory where something is skipped", () => {
  deepEqual(readMarker(" skip (needs a real cloud) "), { kind: "skip", reason: "needs a real cloud" });
  for (const text of [" skip ", " skip () ", " skip because ", " skip ( ) "]) {
    throws(() => readMarker(text), /skip needs its reason/, text);
  }
});

Deno.test("files are below the working directory", () => {
  deepEqual(readMarker(" file argo/app.yaml "), { kind: "file", name: "argo/app.yaml" });
  for (const name of ["", "/etc/passwd", "../x", "a/../x", "a b"]) {
    throws(() => readMarker(` file ${name} `), /file needs one path below/, name);
  }
});

Deno.test("what is expected is a text, or an expression between slashes that sees lines", () => {
  const pattern = (text: string) => {
    const marker = readMarker(` expect ${text} `) as Extract<Marker, { kind: "expect" }>;
    equal(marker.kind, "expect");
    return marker.pattern;
  };
  match("a (1.0) b", pattern("(1.0)"));
  equal(pattern("(1.0)").test("110"), false);
  match("first\ncoder  Ready\n", pattern("/^coder +Ready$/"));
  match("a/b", pattern("a/b"));
  throws(() => readMarker(" expect "), /expect needs a text/);
  throws(() => readMarker(" expect /(/ "), /expect: .*(group|regular)/i);
});

Deno.test("durations have a unit", () => {
  deepEqual(readMarker(" retry 60s "), { kind: "retry", milliseconds: 60_000 });
  deepEqual(readMarker(" timeout 5m "), { kind: "timeout", milliseconds: 300_000 });
  for (const text of [" retry ", " retry 60 ", " timeout 1h ", " timeout -1s "]) {
    throws(() => readMarker(text), /needs a duration such as 60s/, text);
  }
});

Deno.test("hidden commands are on the lines after their word", () => {
  deepEqual(readMarker(" setup\n  export A=1\n  cd x\n"), { kind: "setup", script: "export A=1\n  cd x" });
  deepEqual(readMarker(" teardown\nkubectl delete ns x\n"), {
    kind: "teardown",
    script: "kubectl delete ns x",
  });
  throws(() => readMarker(" setup "), /setup needs commands/);
});

Deno.test("what a page needs is one of a list", () => {
  deepEqual(readMarker(" needs coderd, helm played "), {
    kind: "needs",
    needs: ["coderd", "helm", "played"],
  });
  for (const need of NEEDS) deepEqual(readMarker(` needs ${need} `), { kind: "needs", needs: [need] });
  throws(() => readMarker(" needs docker "), /there is no "docker" to need: say one of coderd, helm/);
  throws(() => readMarker(" needs "), /needs takes one or more/);
});

Deno.test("control planes are keys, and texts stand for others", () => {
  deepEqual(readMarker(" control-plane eu/coder "), { kind: "control-plane", key: "eu/coder" });
  for (const key of ["", "coder", "A/b", "a/b/c"]) {
    throws(() => readMarker(` control-plane ${key} `), /control-plane needs namespace\/name/, key);
  }
  deepEqual(readMarker(" where oci://x/y is charts/coder-k8s --devel "), {
    kind: "where",
    from: "oci://x/y",
    to: "charts/coder-k8s --devel",
  });
  throws(() => readMarker(" where a "), /where needs two texts/);
});

Deno.test("an unknown marker is a mistake", () => {
  throws(() => readMarker(" skipped (x) "), /there is no marker "skipped"/);
  throws(() => readMarker(" "), /there is no marker ""/);
});
