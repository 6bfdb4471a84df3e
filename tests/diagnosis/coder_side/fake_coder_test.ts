/** What goes wrong in Coder is named, and a Coder that hangs or is half down keeps nobody waiting. */
import assert from "node:assert/strict";
import type { Diagnosis, SubjectKind } from "../../../src/diagnosis/mod.ts";
import { htmlPage } from "../../fake-coder/mod.ts";
import type { Failure } from "../failure.ts";
import { Ground } from "../kubernetes/ground.ts";
import type { Lab } from "../kubernetes/lab.ts";
import { askUntil, assertNamed } from "../proof.ts";
import { proveAll } from "../prove.ts";
import { FAKE_CODER_SIDE } from "./fake_coder.ts";

const wrongSecret = FAKE_CODER_SIDE.find(({ id }) => id === "provisioner-key-secret-wrong") as Failure<Lab>;

Deno.test("what is wrong in Coder is named, and a Coder that is half down keeps nobody waiting", async (t) => {
  await using ground = await Ground.start(2 * FAKE_CODER_SIDE.length + 1);
  await proveAll(t, { failures: FAKE_CODER_SIDE, open: () => ground.lab() });

  await using lab = await ground.lab();
  const about = (kind: SubjectKind, name: string, proves: (diagnosis: Diagnosis) => void) =>
    askUntil(proves, { kind, namespace: lab.namespace, name }, lab.world("admin"), lab.planted);
  await wrongSecret.prepare?.(lab, "prov");
  await wrongSecret.inject(lab, "prov");
  const workspace = await lab.make("workspace", "dev");
  /** What can be known without this Coder, of all that is in the lab. */
  const isKnown = async () => {
    const isMissed = ({ notSeen }: Diagnosis) =>
      assert.ok(notSeen.some(({ what }) => /Coder|provisioner daemons/.test(what)), JSON.stringify(notSeen));
    await Promise.all([
      about("provisioner", "prov", (diagnosis) => {
        assertNamed(diagnosis, [wrongSecret]);
        isMissed(diagnosis);
      }),
      about("workspace", workspace, (diagnosis) => {
        assert.match(diagnosis.state, /^It runs; agent main is connected/);
        isMissed(diagnosis);
      }),
      about("controlplane", "coder", isMissed),
    ]);
  };

  await t.step("a Coder that hangs", async () => {
    const mend = lab.coder.faults.add({ times: Infinity, action: { do: "hang" } });
    await isKnown();
    mend();
    lab.coder.cutAll();
  });
  await t.step("a Coder behind a proxy that answers with pages", async () => {
    lab.coder.faults.add({ times: Infinity, action: htmlPage(502, "Bad Gateway") });
    await isKnown();
  });
});
