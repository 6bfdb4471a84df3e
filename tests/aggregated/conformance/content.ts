/** What lies in the twins when the requests begin. */
import { Buffer } from "node:buffer";
import { fill, type GadgetContent, SIDES, type Twins } from "./twins.ts";

const CONTENT: Readonly<Record<string, GadgetContent>> = {
  a: {
    labels: { tier: "web", n: "5", in: "in" },
    annotations: { note: "the first" },
    spec: { color: "red", size: 3, running: true },
    status: { phase: "Ready", usedAt: "2026-01-01T00:00:00Z" },
  },
  b: { labels: { tier: "db", n: "7" }, spec: { color: "blue" } },
  c: { spec: { color: "green", running: false }, status: { phase: "Pending", usedAt: null } },
  d: { labels: { tier: "web", n: "junk" }, spec: { color: "red", running: false, size: 0 } },
  e: { labels: { "example.com/x": "1", tier: "" }, spec: { color: "blue", running: true } },
};

/**
 * Five objects here, some elsewhere, and words: `{old}` and the token `{stale}` are of a time that is forgotten,
 * `{past}` of one that is not, `{future}` will not come.
 */
export async function fillTwins(twins: Twins): Promise<void> {
  const elsewhere = await twins.cluster.newNamespace("conformance");
  await twins.put("a", { spec: { color: "blue" } });
  await twins.put("b", { spec: { color: "blue" } });
  await twins.put("a", { spec: { color: "red" } }, elsewhere);
  await keepToken(twins, "stale", "{here}?limit=1");
  for (const [name, content] of Object.entries(CONTENT)) await twins.put(name, content);
  await twins.put("z", { spec: { color: "green" } }, elsewhere);
  // In the order of lists it comes before the one that it begins with.
  const nextTo = `${elsewhere}-1`;
  const metadata = { name: nextTo };
  await twins.cluster.request("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata,
  });
  for (const name of ["ab", "a.b", "a-b", "a"]) await twins.put(name, { spec: { color: "red" } }, nextTo);
  await twins.compact();
  await twins.mark("past");
  await twins.put("b", { labels: { tier: "db", n: "7" }, spec: { color: "blue", size: 1 } });
  await twins.mark("now");
  await keepToken(twins, "token", "{here}?limit=2");
  await keepToken(twins, "everywhere", "{root}/gadgets?limit=2");
  // Its own of a moment ago would still do: kube-apiserver remembers them longer than etcd.
  const stale = JSON.stringify({ v: "meta.k8s.io/v1", rv: 1, start: "a\u0000" });
  twins.twins.crd.words.set("stale", Buffer.from(stale).toString("base64url"));
  for (const side of SIDES) {
    const { words } = twins.twins[side];
    words.set("old", "1");
    words.set("future", String(BigInt(words.get("now") ?? "") + 1_000_000_000_000n)).set(
      "elsewhere",
      elsewhere,
    );
  }
}

async function keepToken({ twins }: Twins, word: string, path: string): Promise<void> {
  for (const side of SIDES) {
    const twin = twins[side];
    const { text } = await twin.caller.call({ path: fill(path, twin) });
    const token: unknown = JSON.parse(text).metadata?.continue;
    if (typeof token !== "string") throw new Error(`${path} has no second page: ${text}`);
    twin.words.set(word, encodeURIComponent(token));
  }
}
