/** All workspaces and templates of all deployments as Kubernetes objects, kept up to date. */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { CoderTemplate } from "../../api/template.ts";
import type { CoderWorkspace } from "../../api/workspace.ts";
import {
  type Backend,
  type BackendsListener,
  Collection,
  type CollectionOptions,
  type CopyListener,
  Lag,
  type Looked,
  type RecordKind,
  type Template,
  VersionClock,
  type Workspace,
} from "../../inventory/mod.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { templateObject } from "../convert/template.ts";
import { NO_OVERLAY, type Overlay } from "../convert/overlay.ts";
import { workspaceObject } from "../convert/workspace.ts";
import { troubleWords } from "../coder_status.ts";
import { plainTemplateName, plainWorkspaceName } from "../names.ts";
import { KindView } from "./kind_view.ts";
import { coderName, type NameForm, nameForms } from "./naming.ts";

export interface ResourcesOptions {
  /** Milliseconds since 1970. @default {Date.now} */
  readonly wallTime?: () => number;
  readonly log?: Logger;
  /**
   * What is kept of an object beside what Coder says of it, by Coder's id. Whoever changes it says so with
   * {@linkcode Resources.retell}. @default nothing is
   */
  readonly overlay?: (
    backend: Pick<Backend, "id" | "namespace" | "controlPlane">,
    kind: RecordKind,
    id: string,
  ) => Overlay;
  /**
   * Whether a namespace is being deleted: nothing is shown in it. Whoever changes that says so with
   * {@linkcode Resources.changed}. @default none is
   */
  readonly isEnding?: (namespace: string) => boolean;
  /** How much of the past is kept. */
  readonly history?: Pick<CollectionOptions, "size"> & {
    /** What replicas make up for at least, in milliseconds. @default {300_000} */
    readonly overlapMs?: number;
  };
}

/** A Coder that has not been reached for so long, in milliseconds, may hide more than replicas make up for. */
const BLIND_MS = 60_000;

/** Give it to the backends as their listener; it shows what `list` returns. */
export class Resources implements BackendsListener {
  readonly workspaces: KindView<Workspace, CoderWorkspace>;
  readonly templates: KindView<Template, CoderTemplate>;
  readonly #wallTime: () => number;
  readonly #lags: Readonly<Record<RecordKind, Lag>>;
  readonly #isEnding: (namespace: string) => boolean;
  readonly #overlay: NonNullable<ResourcesOptions["overlay"]>;
  #list: () => readonly Backend[] = () => [];
  #all: readonly Backend[] = [];
  #byNamespace = new Map<string, Backend[]>();
  #forms = new Map<string, NameForm>();
  /** Backends that are shown, by id. */
  #shown = new Map<string, Backend>();

  constructor(options: ResourcesOptions = {}) {
    const { wallTime = Date.now, log = silentLogger, history = {}, overlay = () => NO_OVERLAY } = options;
    this.#wallTime = wallTime;
    this.#overlay = overlay;
    this.#isEnding = options.isEnding ?? (() => false);
    const versions = new VersionClock(wallTime);
    const lags = this.#lags = {
      workspaces: new Lag({ wallTime, ...history }),
      templates: new Lag({ wallTime, ...history }),
    };
    const collection = <T extends KubeObject>(kind: RecordKind) =>
      new Collection<T>({
        ...history,
        versions,
        overlapMs: () => lags[kind].overlapMs(this.#looked(kind)),
        isStale: () => this.isBlind(kind),
        wasStale: () => lags[kind].wasLate(this.#looked(kind)),
        onMistake: (error) => log.error("a watch could not be told of a change", { error }),
      });
    this.workspaces = new KindView<Workspace, CoderWorkspace>({
      collection: collection("workspaces"),
      plainName: ({ organization_name, owner_name, name }) =>
        plainWorkspaceName({ organization: organization_name, owner: owner_name, workspace: name }),
      convert: workspaceObject,
      overlay: (backend, id) => overlay(backend, "workspaces", id),
      log,
    });
    this.templates = new KindView<Template, CoderTemplate>({
      collection: collection("templates"),
      plainName: ({ organization_name, name }) =>
        plainTemplateName({ organization: organization_name, template: name }),
      convert: templateObject,
      overlay: (backend, id) => overlay(backend, "templates", id),
      log,
    });
  }

  /** Says where the backends are. Before, nothing is shown. */
  of(backends: { list(): readonly Backend[] }): void {
    this.#list = () => backends.list();
    this.changed();
  }

  /** Backends of a namespace, or all; none of a namespace that is being deleted. */
  backends(namespace?: string): readonly Backend[] {
    return namespace === undefined ? this.#all : this.#byNamespace.get(namespace) ?? [];
  }

  /** The form of a backend's names. */
  formOf({ id }: Pick<Backend, "id">): NameForm {
    return this.#forms.get(id) ?? "plain";
  }

  /** The canonical key of a plain name. */
  keyIn(backend: Backend, plain: string): ObjectKey {
    const isPlain = this.formOf(backend) === "plain" || backend.controlPlane === undefined;
    return { namespace: backend.namespace, name: isPlain ? plain : `${backend.controlPlane.name}.${plain}` };
  }

  changed(): void {
    const list = this.#all = this.#list().filter(({ namespace }) => !this.#isEnding(namespace));
    this.#byNamespace = Map.groupBy(list, ({ namespace }) => namespace);
    const forms = nameForms(list);
    const now = new Map(list.map((backend) => [backend.id, backend]));
    for (const lag of Object.values(this.#lags)) lag.keep(new Set(now.keys()));
    const before = this.#shown;
    const formsBefore = this.#forms;
    this.#forms = forms;
    this.#shown = now;
    for (const [id, backend] of before) {
      if (now.get(id) === backend) continue;
      this.workspaces.drop(backend);
      this.templates.drop(backend);
    }
    for (const backend of list) {
      const isAsBefore = before.get(backend.id) === backend &&
        formsBefore.get(backend.id) === forms.get(backend.id);
      if (!isAsBefore) this.#showAll(backend);
    }
  }

  /** What is kept of an object now. */
  overlay(
    backend: Pick<Backend, "id" | "namespace" | "controlPlane">,
    kind: RecordKind,
    id: string,
  ): Overlay {
    return this.#overlay(backend, kind, id);
  }

  /** What is kept of an object has changed: shows it anew. */
  retell(backendId: string, kind: RecordKind, id: string): void {
    const backend = this.#shown.get(backendId);
    if (backend === undefined) return;
    const form = this.formOf(backend);
    if (kind === "workspaces") {
      const record = backend.copy.workspace(id);
      if (record !== undefined) this.workspaces.told(backend, record, form);
    } else {
      const record = backend.copy.template(id);
      if (record !== undefined) this.templates.told(backend, record, form);
    }
  }

  listen(backend: Backend): CopyListener {
    /** What comes late from a backend that is gone is not shown. */
    const form = () => this.#shown.get(backend.id) === backend ? this.formOf(backend) : undefined;
    const tell = <R extends { readonly id: string }>(
      view: {
        told(backend: Backend, record: R, form: NameForm): void;
        gone(backend: Backend, id: string): void;
      },
      change: { readonly type: "told" | "gone"; readonly record: R },
    ) => {
      const own = form();
      if (own === undefined) return;
      if (change.type === "told") view.told(backend, change.record, own);
      else view.gone(backend, change.record.id);
    };
    return {
      workspace: (change) => tell(this.workspaces, change),
      template: (change) => tell(this.templates, change),
      complete: (kind, isFirst) => {
        const { collection } = this[kind];
        this.#lags[kind].looked({ id: backend.id, completeAt: backend.copy.state(kind).completeAt });
        if (isFirst) collection.beginAnew();
        else collection.checkpoint();
      },
      addresses: () => {
        if (form() !== undefined) this.#showAll(backend);
      },
    };
  }

  /** Whether a Coder has been out of reach, or not been looked at, for so long that others may know more than we do. */
  isBlind(kind: RecordKind): boolean {
    const now = this.#wallTime();
    return this.#lags[kind].isLate(this.#looked(kind)) || this.#all.some(({ copy, waiting }) => {
      const { trouble, completeAt } = copy.state(kind);
      return (waiting !== undefined && completeAt !== undefined) ||
        (trouble !== undefined && now - trouble.since > BLIND_MS);
    });
  }

  #looked(kind: RecordKind): Looked[] {
    return this.#all.map(({ id, copy }) => ({ id, completeAt: copy.state(kind).completeAt }));
  }

  /** What a reader should know of the Coders of a namespace, or of all: one text each, without addresses. */
  warnings(kind: RecordKind, namespace?: string): string[] {
    return this.backends(namespace).map((backend) => this.warning(kind, backend))
      .filter((text) => text !== undefined);
  }

  /** The same of one Coder; undefined where all is well. */
  warning(kind: RecordKind, backend: Backend): string | undefined {
    const { copy, waiting } = backend;
    const { trouble, completeAt } = copy.state(kind);
    if (waiting === undefined && trouble === undefined && completeAt !== undefined) return undefined;
    const why = waiting !== undefined
      ? "is not ready"
      : trouble !== undefined
      ? troubleWords(trouble.error) ?? "cannot be reached"
      : "has not answered so far";
    const what = completeAt === undefined
      ? `nothing is known of its ${kind} yet`
      : `its ${kind} are shown as of ${new Date(completeAt).toISOString().slice(0, 19)}Z`;
    return `Coder of ${coderName(backend)} ${why}: ${what}`;
  }

  #showAll(backend: Backend): void {
    const form = this.formOf(backend);
    for (const record of backend.copy.workspaces()) this.workspaces.told(backend, record, form);
    for (const record of backend.copy.templates()) this.templates.told(backend, record, form);
  }
}
