import { deepEqual, equal, match } from "node:assert/strict";
import { Credentials, MAX_TOKEN, NoRenewal, pastedToken, type SignIn } from "./credentials.js";

const NEVER = new AbortController().signal;
const NONE = () => Promise.reject(new NoRenewal("not here"));

class Tab {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

Deno.test("a token is in memory alone, unless the tab is to keep it", async () => {
  const tab = new Tab();
  const credentials = new Credentials(tab, NONE);
  deepEqual([credentials.isThere, await credentials.current(NEVER)], [false, undefined]);
  credentials.use({ tokens: ["t1"] }, false);
  deepEqual([credentials.isThere, await credentials.current(NEVER), tab.kept.size], [true, "t1", 0]);
  credentials.use({ tokens: ["t2"] }, true);
  equal(tab.kept.size, 1);
  const next = new Credentials(tab, NONE);
  equal(next.restore(), true);
  equal(await next.current(NEVER), "t2");
  deepEqual(next.forget(), { tokens: ["t2"] });
  deepEqual([tab.kept.size, next.isThere, await next.current(NEVER)], [0, false, undefined]);
  equal(new Credentials(tab, NONE).restore(), false);
});

Deno.test("who signs in without keeping leaves nothing of what was kept before", () => {
  const tab = new Tab();
  const credentials = new Credentials(tab, NONE);
  credentials.use({ tokens: ["t1"] }, true);
  credentials.use({ tokens: ["t2"] }, false);
  equal(tab.kept.size, 0);
});

Deno.test("what is kept and has not the shape of a sign-in is none; storage that is turned off does no harm", () => {
  for (const text of ["", "{", "null", "[]", "{}", '{"tokens":[]}', '{"tokens":[1]}', '{"tokens":"x"}']) {
    const tab = new Tab();
    tab.kept.set("coder-k8s.sign-in", text);
    equal(new Credentials(tab, NONE).restore(), false, text);
  }
  const off = () => {
    throw new DOMException("denied", "SecurityError");
  };
  const credentials = new Credentials({ getItem: off, setItem: off, removeItem: off }, NONE);
  equal(credentials.restore(), false);
  credentials.use({ tokens: ["t"] }, true);
  equal(credentials.isThere, true);
  credentials.forget();
});

Deno.test("where a token is refused, the next one is tried, and then it is over", async () => {
  const credentials = new Credentials(new Tab(), NONE);
  credentials.use({ tokens: ["access", "id"] }, false);
  equal(await credentials.refused("access", NEVER), true);
  equal(await credentials.current(NEVER), "id");
  equal(await credentials.refused("access", NEVER), true, "by then another one is used");
  equal(await credentials.refused("id", NEVER), false);
  equal(await credentials.refused(undefined, NEVER), false);
});

function renewing(answers: (SignIn | Error)[]) {
  const asked: string[] = [];
  const renew = (refresh: string): Promise<SignIn> => {
    asked.push(refresh);
    const answer = answers.shift() ?? new Error("none left");
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { asked, renew };
}

Deno.test("a token is renewed before its end, once for all who ask", async () => {
  let now = 0;
  const { asked, renew } = renewing([{ tokens: ["t2"], refresh: "r2", until: 200_000 }, {
    tokens: ["t3"],
    until: 300_000,
  }]);
  const tab = new Tab();
  const credentials = new Credentials(tab, renew, () => now);
  credentials.use({ tokens: ["t1"], refresh: "r1", until: 100_000 }, true);
  equal(await credentials.current(NEVER), "t1");
  now = 80_000;
  deepEqual(await Promise.all([credentials.current(NEVER), credentials.current(NEVER)]), ["t2", "t2"]);
  deepEqual(asked, ["r1"]);
  match([...tab.kept.values()].join(), /t2/);
  now = 190_000;
  equal(await credentials.current(NEVER), "t3");
  now = 290_000;
  await credentials.current(NEVER);
  deepEqual(asked, ["r1", "r2", "r2"], "one that is not replaced is used again");
});

Deno.test("a refused token is renewed; an issuer that is away may be asked again, one that says no is not", async () => {
  const { asked, renew } = renewing([new TypeError("away"), { tokens: ["t2"] }, new NoRenewal("over")]);
  const credentials = new Credentials(new Tab(), renew);
  credentials.use({ tokens: ["t1"], refresh: "r1" }, false);
  equal(await credentials.refused("t1", NEVER), false);
  equal(await credentials.refused("t1", NEVER), true);
  equal(await credentials.current(NEVER), "t2");
  equal(await credentials.refused("t2", NEVER), false);
  equal(await credentials.refused("t2", NEVER), false);
  deepEqual(asked, ["r1", "r1", "r1"]);
});

Deno.test("a renewal that comes back after somebody signed out brings nobody back", async () => {
  const { promise, resolve } = Promise.withResolvers<SignIn>();
  const credentials = new Credentials(new Tab(), () => promise);
  credentials.use({ tokens: ["t1"], refresh: "r1" }, true);
  const refused = credentials.refused("t1", NEVER);
  credentials.forget();
  resolve({ tokens: ["t2"] });
  equal(await refused, false);
  equal(credentials.isThere, false);
});

Deno.test("tokens are taken as people paste them", () => {
  for (
    const text of [
      "abc.def",
      "  abc.def\n",
      "Bearer abc.def",
      "Authorization: Bearer abc.def",
      "bearer   abc.def ",
    ]
  ) {
    deepEqual(pastedToken(text), { token: "abc.def" }, text);
  }
  for (const text of ["", "  \n ", "Bearer ", "two words", "ü", "a\nb", "x".repeat(MAX_TOKEN + 1)]) {
    const pasted = pastedToken(text);
    equal("problem" in pasted && pasted.problem.length > 10, true, text.slice(0, 20));
  }
});
