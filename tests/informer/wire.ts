/** Lists and watches as they are on the wire. */
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { KubeObject } from "../../src/api/object.ts";
import { keyOf, keyText } from "../../src/api/object.ts";

/** Where, and as whom. */
export interface Target {
  readonly port: number;
  /** The name in its certificate. @default {"localhost"} */
  readonly serverName?: string;
  readonly caPem: string;
  readonly token: string;
}

export interface ListAnswer {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly KubeObject[];
}

interface Frame {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
}

/** Sends a GET; resolves with the head of the answer. */
export function get(
  { port, serverName = "localhost", caPem, token }: Target,
  path: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({
      host: "127.0.0.1",
      port,
      servername: serverName,
      ca: caPem,
      agent: false,
      path,
      headers: { authorization: `Bearer ${token}` },
    }, resolve).once("error", reject).end();
  });
}

/** A list, or any other answer that is JSON. @throws where its code is not 200 */
export async function list(target: Target, path: string): Promise<ListAnswer> {
  const answer = await get(target, path);
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`);
  return JSON.parse(text);
}

/** A watch with the store that follows from it. Disposing of it ends it. */
export interface Watching extends Disposable {
  readonly store: ReadonlyMap<string, KubeObject>;
  /** What must not have come, and versions that went back. */
  readonly mistakes: readonly string[];
  /** The newest version that was heard. */
  readonly version: string;
  readonly frames: number;
  readonly bookmarks: readonly KubeObject[];
  readonly isOver: boolean;
}

/** Opens a watch that goes on from a list. */
export async function watchFrom(
  target: Target,
  path: string,
  { metadata, items }: ListAnswer,
): Promise<Watching> {
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`;
  return await watch(target, `${path}?${query}`, { from: metadata.resourceVersion, items });
}

/** Opens a watch. `from`: the version that it begins with; absent where the state comes first. */
export async function watch(
  target: Target,
  path: string,
  { from = "0", items = [] }: { from?: string; items?: readonly KubeObject[] } = {},
): Promise<Watching> {
  const answer = await get(target, path);
  const store = new Map(items.map((item) => [keyText(keyOf(item)), item]));
  const mistakes: string[] = [];
  const bookmarks: KubeObject[] = [];
  let [version, frames, isOver, rest] = [from, 0, false, ""];
  let isState = from === "0";
  if (answer.statusCode !== 200) mistakes.push(`answered with ${answer.statusCode}`);

  function take({ type, object }: Frame): void {
    frames++;
    if (type === "ERROR") return void mistakes.push(`ERROR ${JSON.stringify(object)}`);
    const next = object.metadata.resourceVersion ?? "";
    const endsState = object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";
    if (isState) isState = !endsState;
    else if (BigInt(next) < BigInt(version) || (next === version && type !== "BOOKMARK")) {
      mistakes.push(`${type} ${object.metadata.name}: ${next} after ${version}`);
    }
    if (BigInt(next) > BigInt(version)) version = next;
    if (type === "BOOKMARK") bookmarks.push(object);
    else if (type === "DELETED") store.delete(keyText(keyOf(object)));
    else store.set(keyText(keyOf(object)), object);
  }

  answer.setEncoding("utf8");
  answer.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line));
  });
  answer.on("close", () => isOver = true);
  answer.on("error", () => isOver = true);
  return {
    store,
    mistakes,
    bookmarks,
    get version() {
      return version;
    },
    get frames() {
      return frames;
    },
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]: () => void answer.destroy(),
  };
}
