/** Objects in memory as the target of writes: what the rules come to, with nothing behind them. For tests alone. */
import type { KubeObject, ObjectKey } from "../../../api/object.ts";
import { alreadyExists } from "../../serving/status_errors.ts";
import type { RequestContext } from "../../serving/storage.ts";
import type { MemoryStorage } from "../../serving/testing/memory_storage.ts";
import { timeText } from "../decode/time.ts";
import { type Admission, type Asking, type Live, StaleError, type WriteTarget } from "../target.ts";

/** What there is to be told of, in the order of the calls. */
export type TargetCall = "admit" | "read" | "create" | "update" | "remove" | "list";

export class MemoryTarget<T extends KubeObject> implements WriteTarget<T> {
  readonly definition: MemoryStorage<T>["definition"];
  readonly calls: TargetCall[] = [];
  rules?: NonNullable<WriteTarget<T>["rules"]>;
  defaulted?: NonNullable<WriteTarget<T>["defaulted"]>;
  causes?: NonNullable<WriteTarget<T>["causes"]>;
  admission: Admission = "yes";
  /** What is deleted stays for a while, as if there were work to do. */
  lingers = false;
  /** What is stored of an object. @default all of it */
  stored = (object: T): T => object;
  /** Before each call; may throw, or change something behind the writer's back. */
  hook: (call: TargetCall, key: ObjectKey) => void | Promise<void> = () => {};

  constructor(readonly storage: MemoryStorage<T>, readonly now: () => number = Date.now) {
    this.definition = storage.definition;
  }

  async admit(_verb: string, key: ObjectKey): Promise<Admission> {
    await this.#tell("admit", key);
    return this.admission;
  }

  async read(key: ObjectKey, context: RequestContext): Promise<Live<T>> {
    await this.#tell("read", key);
    const object = await this.storage.get(key, context);
    return { object, state: object };
  }

  async create(object: T, { dryRun }: Asking): Promise<T> {
    const key = addressOf(object);
    await this.#tell("create", key);
    if (this.storage.peek(key) !== undefined) throw alreadyExists(this.definition.type, key.name);
    const metadata = {
      ...object.metadata,
      uid: crypto.randomUUID(),
      creationTimestamp: timeText(this.now()),
    };
    const made = this.stored({ ...object, metadata });
    return dryRun ? made : this.storage.put(made);
  }

  async update(after: T, before: Live<T>, { dryRun }: Asking): Promise<T> {
    await this.#tell("update", addressOf(after));
    this.#requireFresh(before);
    const stored = this.stored(after);
    return dryRun ? stored : this.storage.put(stored);
  }

  async remove(before: Live<T>, { dryRun }: Asking): Promise<T | undefined> {
    const { object } = before;
    const key = addressOf(object);
    await this.#tell("remove", key);
    this.#requireFresh(before);
    if (this.lingers) {
      const deletionTimestamp = object.metadata.deletionTimestamp ?? timeText(this.now());
      const going = { ...object, metadata: { ...object.metadata, deletionTimestamp } };
      return dryRun ? going : this.storage.put(going);
    }
    if (!dryRun) this.storage.remove(key);
    return undefined;
  }

  async list(namespace: string, context: RequestContext): Promise<readonly T[]> {
    await this.#tell("list", { namespace, name: "" });
    return (await this.storage.list({ namespace, version: { match: "any" } }, context)).items;
  }

  async #tell(call: TargetCall, key: ObjectKey): Promise<void> {
    this.calls.push(call);
    await this.hook(call, key);
  }

  #requireFresh({ state, object }: Live<T>): void {
    if (this.storage.peek(addressOf(object)) !== state) throw new StaleError("somebody else was sooner");
  }
}

function addressOf({ metadata: { namespace = "", name = "" } }: KubeObject): ObjectKey {
  return { namespace, name };
}
