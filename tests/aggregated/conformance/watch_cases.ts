/** Watches, and what happens while they go on. */
import { accepting, type Case, type Difference } from "./compare.ts";
import type { Twins } from "./twins.ts";

const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

const watch = (query: string, differs?: Difference): Case => ({
  ask: `GET {here}?watch=1${query === "" ? "" : `&${query}`}`,
  ...(differs === undefined ? {} : { differs }),
});
const label = (selector: string) => `labelSelector=${encodeURIComponent(selector)}`;
const field = (selector: string) => `fieldSelector=${encodeURIComponent(selector)}`;
/** What is over before anything happens must see nothing of it in any case. */
const UNCHANGED = label("example.com/x");
const INITIAL = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

const JUNK_VERSION: Difference = {
  why: "what the caller got wrong is no internal error",
  code: 400,
  reason: "BadRequest",
};
const AHEAD: Difference = {
  why: "a version may come from another replica that is ahead: whatever happens here from now on is told",
  code: 200,
};

export const WATCH_CASES: readonly Case[] = [
  // Where it begins.
  watch(""),
  watch("resourceVersion="),
  watch("resourceVersion=0"),
  watch("resourceVersion={now}"),
  watch("resourceVersion={past}"),
  watch("resourceVersion={old}"),
  watch("resourceVersion={future}", AHEAD),
  watch("resourceVersion=junk", JUNK_VERSION),
  watch("resourceVersion=-1", JUNK_VERSION),
  watch(`${INITIAL}`),
  watch(`${INITIAL}&allowWatchBookmarks=true`),
  watch(`${INITIAL}&allowWatchBookmarks=true&resourceVersion=0`),
  watch(`${INITIAL}&allowWatchBookmarks=true&resourceVersion={now}`),
  watch(`${INITIAL}&allowWatchBookmarks=true&resourceVersion={old}`),
  watch(`${INITIAL}&allowWatchBookmarks=true&resourceVersion={future}`),
  watch(`${INITIAL}&allowWatchBookmarks=true&resourceVersion=junk`, JUNK_VERSION),
  watch(`${INITIAL}&allowWatchBookmarks=true&${label("tier=web")}`),
  watch(`${INITIAL}&allowWatchBookmarks=true&${label("tier=none")}`),
  watch("sendInitialEvents=false&resourceVersionMatch=NotOlderThan"),
  watch("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"),
  watch("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={now}"),
  watch("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={past}"),
  watch("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0"),
  watch("sendInitialEvents=true"),
  watch("sendInitialEvents=false"),
  watch("sendInitialEvents=true&resourceVersionMatch=Exact"),
  watch("sendInitialEvents=true&resourceVersionMatch=Junk"),
  watch("resourceVersionMatch=NotOlderThan"),
  watch("resourceVersionMatch=Exact&resourceVersion={now}"),
  watch("resourceVersionMatch=Junk"),
  // How long, and with what.
  watch("allowWatchBookmarks=true"),
  watch("allowWatchBookmarks=true&resourceVersion={now}"),
  watch("allowWatchBookmarks=true&resourceVersion=0"),
  watch("allowWatchBookmarks=false&resourceVersion=0"),
  watch(`timeoutSeconds=1&${UNCHANGED}`),
  watch(`timeoutSeconds=1&resourceVersion={now}&${UNCHANGED}`),
  watch(`timeoutSeconds=1&allowWatchBookmarks=true&${UNCHANGED}`, {
    why:
      "the last frame is a bookmark, however short the watch was; the API server has time for it or has not",
    code: 200,
    isFickle: true,
  }),
  watch("timeoutSeconds=junk"),
  watch("timeout=junk"),
  watch("limit=1"),
  watch("limit=junk"),
  watch("continue={token}"),
  watch("continue=junk"),
  watch("continue=junk&resourceVersion={now}"),
  watch("timeout=1s&resourceVersion={now}"),
  watch("pretty=true&resourceVersion={now}"),
  { ask: "GET {here}?watch=true&resourceVersion={now}" },
  { ask: "GET {here}?watch=True&resourceVersion={now}" },
  { ask: "GET {here}?watch=&resourceVersion={now}" },
  { ask: "GET {here}?watch&resourceVersion={now}" },
  // What is selected.
  watch(label("tier=web")),
  watch(label("tier=db")),
  watch(label("tier!=web")),
  watch(label("!tier")),
  watch(label("tier in (web,db)")),
  watch(label("tier=none")),
  watch(label("tier in (")),
  watch(field("spec.color=red")),
  watch(field("spec.color!=red")),
  watch(field("spec.running=true")),
  watch(field("metadata.name=a")),
  watch(field("metadata.name=c")),
  watch(field("metadata.name=later")),
  watch(field("metadata.namespace=none")),
  watch(field("spec.size=1")),
  watch(`${field("spec.color=red")}&${label("tier=web")}`),
  watch(`resourceVersion={now}&${field("spec.color=red")}`),
  watch(`resourceVersion={now}&${label("tier=web")}`),
  // Where.
  { ask: "GET {root}/gadgets?watch=1" },
  { ask: "GET {root}/gadgets?watch=1&resourceVersion={now}" },
  { ask: "GET {root}/gadgets?watch=1&fieldSelector=metadata.namespace%3D{elsewhere}" },
  { ask: "GET {root}/namespaces/{elsewhere}/gadgets?watch=1" },
  { ask: "GET {root}/namespaces/none/gadgets?watch=1" },
  { ask: "GET {here}/a?watch=1" },
  { ask: "GET {here}/none?watch=1" },
  { ask: "GET {root}/watch/gadgets" },
  { ask: "GET {root}/watch/namespaces/{ns}/gadgets" },
  { ask: "GET {root}/watch/namespaces/{ns}/gadgets?resourceVersion={now}" },
  { ask: "GET {root}/watch/namespaces/{ns}/gadgets/a" },
  { ask: "GET {root}/watch/namespaces/{ns}/gadgets/none" },
  { ask: "GET {root}/watch/namespaces/{ns}/gadgets?watch=false" },
  { ask: "POST {root}/watch/namespaces/{ns}/gadgets", like: "POST /api/v1/watch/namespaces/{ns}/configmaps" },
  // In what form.
  ...["", "None", "Metadata", "Object"].map((value) =>
    accepting(`GET {here}?watch=1&includeObject=${value}`, TABLE)
  ),
  accepting("GET {here}?watch=1&includeObject=Junk", TABLE),
  accepting("GET {here}?watch=1&resourceVersion={now}", TABLE),
  accepting("GET {here}?watch=1&resourceVersion={old}", TABLE),
  accepting(`GET {here}?watch=1&${INITIAL}&allowWatchBookmarks=true`, TABLE),
  accepting(`GET {here}?watch=1&${INITIAL}&allowWatchBookmarks=true&${label("tier=none")}`, TABLE),
  accepting("GET {here}?watch=1", METADATA),
  accepting("GET {here}?watch=1&resourceVersion={old}", METADATA),
  accepting(`GET {here}?watch=1&${INITIAL}&allowWatchBookmarks=true`, METADATA),
  accepting("GET {here}?watch=1", METADATA_LIST, {
    why: "no frame of a watch is a list",
    code: 406,
    reason: "NotAcceptable",
  }),
  accepting("GET {here}?watch=1", "application/json;stream=watch"),
  accepting("GET {here}?watch=1", "application/yaml"),
  accepting("GET {here}?watch=1", "application/cbor,application/json"),
];

/** Comes, goes, changes, moves in and out of all selections, and is as before at the end. */
export async function change(twins: Twins): Promise<void> {
  const elsewhere = twins.twins.crd.words.get("elsewhere") ?? "";
  await twins.put("later", { labels: { tier: "web" }, spec: { color: "blue" } });
  await twins.put("a", { labels: { tier: "db" }, spec: { color: "blue", running: true, size: 4 } });
  await twins.put("a", { labels: { tier: "web" }, spec: { color: "red", running: true, size: 5 } });
  await twins.remove("c");
  await twins.put("z", { spec: { color: "red" } }, elsewhere);
  await twins.put("d", { labels: { tier: "web" }, spec: { color: "red", running: true } });
  await twins.remove("later");
  await twins.put("c", { spec: { color: "red" } });
  await twins.put("c", { spec: { color: "green" } });
  await twins.put("z", { spec: { color: "green" } }, elsewhere);
  await twins.put("d", { labels: { tier: "web" }, spec: { color: "red", running: false } });
}
