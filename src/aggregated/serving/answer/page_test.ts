import assert from "node:assert/strict";
import { compareKeys, keyOf, keyText } from "../../../api/object.ts";
import { below, seededRandom } from "../../../telemetry/testing/random.ts";
import { readListOptions } from "../query/list_options.ts";
import { gadget } from "../testing/gadgets.ts";
import type { Gadget } from "../testing/gadgets.ts";
import { pageOf } from "./page.ts";

const listing = (items: Gadget[], resourceVersion = "5") => ({
  items: items.sort((left, right) => compareKeys(keyOf(left), keyOf(right))),
  resourceVersion,
});
const options = (query: string) => readListOptions(new URLSearchParams(query));
const five = listing(["a", "b", "c", "d", "e"].map((name) => gadget("n", name)));
const names = (items: readonly Gadget[]) => items.map(({ metadata }) => metadata.name).join("");

Deno.test("without a limit the page is the very array of the listing", () => {
  const { items, head } = pageOf(five, options(""), undefined);
  assert.equal(items, five.items);
  assert.deepEqual(head, { resourceVersion: "5" });
  assert.equal(pageOf(five, options("limit=5"), undefined).items, five.items);
});

Deno.test("a page says where the next one begins and how much there is left", () => {
  const first = pageOf(five, options("limit=2"), undefined);
  assert.deepEqual([names(first.items), first.head.remainingItemCount], ["ab", 3]);
  const second = pageOf(five, options(`limit=2&continue=${first.head.continue}`), undefined);
  assert.deepEqual([names(second.items), second.head.remainingItemCount], ["cd", 1]);
  const third = pageOf(five, options(`limit=2&continue=${second.head.continue}`), undefined);
  assert.deepEqual([names(third.items), third.head.continue, third.head.remainingItemCount], [
    "e",
    undefined,
    undefined,
  ]);
});

Deno.test("all pages have the version of the first, though the objects have changed since", () => {
  const first = pageOf(five, options("limit=2"), undefined);
  const later = listing(
    [...five.items.filter(({ metadata }) => metadata.name !== "b"), gadget("n", "bb")],
    "9",
  );
  const second = pageOf(later, options(`continue=${first.head.continue}`), undefined);
  assert.deepEqual([names(second.items), second.head.resourceVersion], ["bbcde", "5"]);
});

Deno.test("the place where a page begins need not exist any more", () => {
  const first = pageOf(five, options("limit=2"), undefined);
  const { items } = pageOf(
    listing([gadget("m", "z"), gadget("n", "e"), gadget("o", "a")]),
    options(`continue=${first.head.continue}`),
    undefined,
  );
  assert.deepEqual(items.map((item) => keyText(keyOf(item))), ["n/e", "o/a"]);
  assert.deepEqual(pageOf(listing([]), options(`continue=${first.head.continue}`), undefined).items, []);
});

Deno.test("with a selector pages are filled with what it matches, and nothing is counted", () => {
  const vowels = ({ metadata }: Gadget) => "ae".includes(metadata.name!);
  const first = pageOf(five, options("limit=1"), vowels);
  assert.deepEqual([names(first.items), first.head.remainingItemCount], ["a", undefined]);
  const second = pageOf(five, options(`limit=1&continue=${first.head.continue}`), vowels);
  assert.deepEqual([names(second.items), second.head.continue], ["e", undefined]);
  assert.deepEqual(pageOf(five, options(""), () => false), { items: [], head: { resourceVersion: "5" } });
});

Deno.test("whatever the limit, all pages together are everything once, in order", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 50; round++) {
    const all = listing(
      Array.from({ length: below(random, 40) }, () => gadget("abc"[below(random, 3)]!, crypto.randomUUID())),
    );
    const limit = 1 + below(random, 12);
    const seen: Gadget[] = [];
    let query = `limit=${limit}`;
    for (let pages = 0; pages < 50; pages++) {
      const { items, head } = pageOf(all, options(query), undefined);
      assert.ok(items.length <= limit);
      seen.push(...items);
      if (head.continue === undefined) break;
      query = `limit=${limit}&continue=${head.continue}`;
    }
    assert.deepEqual(seen, all.items);
  }
});
