/** The same writes to a kind that kube-apiserver serves, and to our side. */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ResourceType } from "../../../src/api/object.ts";
import { apiVersionOf } from "../../../src/api/object.ts";
import type { Cluster } from "../../cluster/mod.ts";
import { readKeyPair } from "../../cluster/state.ts";
import { minorOf } from "../../cluster/version.ts";
import { Caller, warningsOf } from "../conformance/caller.ts";
import type { Ask, Told } from "./memory_writer.ts";

/** One write. */
export interface Write {
  /** `POST`, `PUT a`, `PATCH a?fieldValidation=Strict`. */
  readonly ask: string;
  /** Text goes as it is. `{uid}` and `{rv}` are those of the object that is asked for; `{api}` is the version of the kind. */
  readonly body?: unknown;
  /** @default application/json, and by PATCH application/merge-patch+json */
  readonly type?: string;
  /** What is different here, and why it is meant so. The test fails where there is no difference any more. */
  readonly differs?: {
    readonly why: string;
    readonly code: number;
    readonly reason?: string;
    /** The minor versions of Kubernetes between which it differs: from that one on. @default {all before `until`} */
    readonly from?: number;
    /** That one does as we do. @default {none yet} */
    readonly until?: number;
  };
}

interface Seen {
  readonly code: number;
  readonly reason?: string | undefined;
  readonly causes?: readonly string[];
  readonly object?: unknown;
  readonly warnings?: readonly string[];
}

/** Where our side's writes go. */
export interface Here {
  readonly type: ResourceType;
  ask(ask: Ask): Promise<Told>;
  find(name: string): Promise<KubeObject | undefined>;
}

export class TwinWriters implements Disposable {
  /** Objects as kube-apiserver has them now, by name. */
  readonly #real = new Map<string, KubeObject>();

  private constructor(
    readonly type: ResourceType,
    readonly namespace: string,
    readonly here: Here,
    readonly caller: Caller,
    readonly minor: number,
  ) {}

  /** @param type of the kind at kube-apiserver. @param here our side, with the same kind in whatever group */
  static async start(
    cluster: Cluster,
    type: ResourceType,
    namespace: string,
    here: Here,
  ): Promise<TwinWriters> {
    const { certPem: cert, keyPem: key } = await readKeyPair(cluster.dir, "admin");
    const address = { host: "127.0.0.1", port: cluster.state.ports.apiserver, ca: cluster.caPem, cert, key };
    return new TwinWriters(type, namespace, here, new Caller(address), await minorOf(cluster));
  }

  /** What is wrong, or nothing. The answers of both, in `log`, for who wants to see. */
  async objection(write: Write): Promise<string> {
    const { wanted, got, said } = await this.both(write);
    const { from = 0, until = Infinity } = write.differs ?? {};
    const differs = from <= this.minor && this.minor < until ? write.differs : undefined;
    const title = `${write.ask} ${JSON.stringify(write.body)?.slice(0, 1000)} ${write.type ?? ""}`;
    if (differs === undefined) {
      if (isDeepStrictEqual(wanted, got)) return "";
      return [
        title,
        `  kube-apiserver: ${JSON.stringify(wanted)} ${said[0]}`,
        `  here:           ${JSON.stringify(got)} ${said[1]}`,
      ].join("\n");
    }
    if (got.code !== differs.code || got.reason !== differs.reason) {
      return `${title}\n  here: ${JSON.stringify(got)}, not ${JSON.stringify(differs)}`;
    }
    return isDeepStrictEqual(wanted, got) ? `${title}\n  there is no difference any more` : "";
  }

  async both(write: Write): Promise<{ wanted: Seen; got: Seen; said: string[] }> {
    const ask = askOf(write);
    const real = await this.#askReal({ ...ask, body: this.#fill(ask, this.type, this.#real.get(ask.name)) });
    const before = await this.here.find(ask.name);
    const here = await this.here.ask({ ...ask, body: this.#fill(ask, this.here.type, before) });
    return {
      wanted: this.#seen(real, ask),
      got: this.#seen(here, ask),
      said: [messageOf(real), messageOf(here)],
    };
  }

  #fill({ body }: Ask, type: ResourceType, object: KubeObject | undefined): string {
    const { uid = "", resourceVersion = "" } = object?.metadata ?? {};
    return body.replaceAll("{uid}", uid).replaceAll("{rv}", resourceVersion)
      .replaceAll("{api}", apiVersionOf(type)).replaceAll("{ns}", this.namespace);
  }

  async #askReal(ask: Ask): Promise<Told> {
    const { name } = ask;
    const told = await asked(this.caller, this.type, this.namespace, ask);
    const now = name === "" ? undefined : await foundAt(this.caller, this.type, this.namespace, name);
    if (now !== undefined) this.#real.set(name, now);
    else if (name === "" && told.code === 201) {
      const made = told.body as KubeObject;
      this.#real.set(made.metadata.name ?? "", made);
    } else this.#real.delete(name);
    return told;
  }

  #seen({ code, body, warnings }: Told, { method }: Ask): Seen {
    if (body.kind === "Status" && "status" in body && body.status === "Failure") {
      const causes = (body.details?.causes ?? []).map(({ reason, field }) =>
        // From 1.37 on kube-apiserver counts owners, and says of what is not there that it is required.
        `${reason} ${field}`.replace(
          /^FieldValue(?:Required|Invalid) metadata\.ownerReferences\[\d+\]/,
          "FieldValueInvalid metadata.ownerReferences",
        )
      );
      // A patch that makes something of the wrong type is itself named, as for built-in kinds; custom resources name the field.
      const isTyped = method === "PATCH" && causes.some((cause) => cause.startsWith("FieldValueTypeInvalid"));
      const all = isTyped ? ["FieldValueInvalid patch"] : [...new Set(causes)].sort();
      return { code, reason: body.reason, causes: all };
    }
    // Success without an object: it is gone.
    if (body.kind === "Status") return { code };
    if ("items" in body) return { code, object: (body.items as KubeObject[]).map(plain) };
    return { code, object: plain(body as KubeObject), warnings: warnings.map(shortly).sort() };
  }

  [Symbol.dispose](): void {
    this.caller[Symbol.dispose]();
  }
}

/** A kind behind the aggregation layer, over HTTP. */
export class ServedWriter implements Here {
  constructor(readonly caller: Caller, readonly type: ResourceType, readonly namespace: string) {}

  ask(ask: Ask): Promise<Told> {
    return asked(this.caller, this.type, this.namespace, ask);
  }

  async find(name: string): Promise<KubeObject | undefined> {
    return name === "" ? undefined : await foundAt(this.caller, this.type, this.namespace, name);
  }
}

function pathOf({ group, version, plural }: ResourceType, namespace: string, name: string): string {
  const root = group === "" ? "/api/v1" : `/apis/${group}/${version}`;
  return `${root}/namespaces/${namespace}/${plural}${name === "" ? "" : `/${name}`}`;
}

async function asked(
  caller: Caller,
  type: ResourceType,
  namespace: string,
  { method, name, query, contentType, body }: Ask,
): Promise<Told> {
  const reply = await caller.call({
    method,
    path: `${pathOf(type, namespace, name)}?${query}`,
    headers: contentType === "" ? {} : { "Content-Type": contentType },
    body,
  });
  return { code: reply.code, body: JSON.parse(reply.text), warnings: warningsOf(reply) };
}

async function foundAt(
  caller: Caller,
  type: ResourceType,
  namespace: string,
  name: string,
): Promise<KubeObject | undefined> {
  const { code, text } = await caller.call({ path: pathOf(type, namespace, name) });
  return code === 200 ? JSON.parse(text) : undefined;
}

function messageOf({ body }: Told): string {
  return "message" in body ? String(body.message).slice(0, 600) : "";
}

function askOf({ ask, body = "", type }: Write): Ask {
  const [method = "", target = ""] = ask.split(" ");
  const [name = "", query = ""] = target.split("?");
  return {
    method: method as Ask["method"],
    name,
    query: new URLSearchParams(query),
    contentType: type ?? (method === "PATCH" ? "application/merge-patch+json" : "application/json"),
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

/** Sentences may differ. */
function shortly(warning: string): string {
  return /ownerReferences contains duplicate/.test(warning) ? "repeated owners" : warning;
}

/** Without what differs from one object to the next, and the group. */
function plain({ metadata, apiVersion, ...object }: KubeObject): unknown {
  const { uid, resourceVersion: _version, managedFields: _managed, generateName, ...rest } = metadata;
  return {
    ...object,
    apiVersion: apiVersion.split("/").at(-1),
    metadata: {
      ...rest,
      hasUid: uid !== undefined,
      ...(generateName === undefined
        ? {}
        : { generateName, name: rest.name?.replace(/[bcdfghjklmnpqrstvwxz2456789]{5}$/, "*****") }),
      ...(rest.creationTimestamp === undefined ? {} : { creationTimestamp: "*" }),
      ...(rest.deletionTimestamp === undefined ? {} : { deletionTimestamp: "*" }),
      // Kinds that are built in count nothing.
      ...(object.kind === "ConfigMap" ? { generation: undefined } : {}),
    },
  };
}
