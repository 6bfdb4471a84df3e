/** What earlier applies taught: how the server stores what we send, so that the same thing is not sent again. */
import { keyOf, keyText, type KubeObject, resourceText, type ResourceType } from "../../api/object.ts";
import type { Difference } from "./contains.ts";

/** One object. */
interface Lesson {
  readonly uid: string;
  readonly hash: string;
  /** After the last apply, or a full compare that found nothing to do. */
  readonly resourceVersion: string;
  /** Where the server's answer to our own apply differs from what we sent: its normalisation, not a change. */
  readonly normal: ReadonlySet<string>;
}

/** Bounded: the oldest lessons are forgotten first, which costs one apply that changes nothing. */
export class ApplyMemory {
  readonly #lessons = new Map<string, Lesson>();

  constructor(
    /** How many objects to remember. @default {20_000} */
    private readonly limit = 20_000,
  ) {}

  /** Keeps what the server made of `hash`. */
  learn(type: ResourceType, stored: KubeObject, hash: string, left: readonly Difference[]): void {
    const name = nameOf(type, stored);
    this.#lessons.delete(name);
    this.#lessons.set(name, {
      uid: stored.metadata.uid ?? "",
      hash,
      resourceVersion: stored.metadata.resourceVersion ?? "",
      normal: new Set(left.map(signature)),
    });
    for (const oldest of this.#lessons.keys()) {
      if (this.#lessons.size <= this.limit) break;
      this.#lessons.delete(oldest);
    }
  }

  /** True where exactly this stored version is known to carry what `hash` stands for. */
  knowsVersion(type: ResourceType, live: KubeObject, hash: string): boolean {
    const lesson = this.#lesson(type, live, hash);
    return lesson !== undefined && lesson.resourceVersion !== "" &&
      lesson.resourceVersion === live.metadata.resourceVersion;
  }

  /** The differences that are not the server's known way of storing `hash`. */
  unexplained(
    type: ResourceType,
    live: KubeObject,
    hash: string,
    found: readonly Difference[],
  ): readonly Difference[] {
    const lesson = this.#lesson(type, live, hash);
    return lesson === undefined
      ? found
      : found.filter((difference) => !lesson.normal.has(signature(difference)));
  }

  #lesson(type: ResourceType, live: KubeObject, hash: string): Lesson | undefined {
    const lesson = this.#lessons.get(nameOf(type, live));
    return lesson?.hash === hash && lesson.uid === live.metadata.uid ? lesson : undefined;
  }
}

function nameOf(type: ResourceType, object: KubeObject): string {
  return `${resourceText(type)} ${keyText(keyOf(object))}`;
}

function signature(difference: Difference): string {
  return `${difference.path} ${difference.liveHash}`;
}
