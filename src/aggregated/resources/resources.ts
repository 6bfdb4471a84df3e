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
  type RecordKind,
  type Template,
  VersionClock,
  type Workspace,
} from "../../inventory/mod.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { templateObject } from "../convert/template.ts";
import { workspaceObject } from "../convert/workspace.ts";
import { plainTemplateName, plainWorkspaceName } from "../names.ts";
import { KindView } from "./kind_view.ts";
import { type NameForm, nameForms } from "./naming.ts";

export interface ResourcesOptions {
  /** Milliseconds since 1970. @default {Date.now} */
  readonly wallTime?: () => number;
  readonly log?: Logger;
  /** How much of the past is kept. */
  readonly history?: Pick<CollectionOptions, "size" | "overlapMs">;
}

/** A Coder that has not been reached for so long, in milliseconds, may hide more than replicas make up for. */
const BLIND_MS = 60_000;

/** Give it to the backends as their listener; it shows what `list` returns. */
export class Resources implements BackendsListener {
  readonly workspaces: KindView<Workspace, CoderWorkspace>;
  readonly templates: KindView<Template, CoderTemplate>;
  readonly #wallTime: () => number;
  #list: () => readonly Backend[] = () => [];
  #all: readonly Backend[] = [];
  #byNamespace = new Map<string, Backend[]>();
  #forms = new Map<string, NameForm>();
  /** Backends that are shown, by id. */
  #shown = new Map<string, Backend>();

  constructor({ wallTime = Date.now, log = silentLogger, history = {} }: ResourcesOptions = {}) {
    this.#wallTime = wallTime;
    const versions = new VersionClock(wallTime);
    const collection = <T extends KubeObject>(kind: RecordKind) =>
      new Collection<T>({
        ...history,
        versions,
        isStale: () => this.isBlind(kind),
        onMistake: (error) => log.error("a watch could not be told of a change", { error }),
      });
    this.workspaces = new KindView<Workspace, CoderWorkspace>({
      collection: collection("workspaces"),
      plainName: ({ organization_name, owner_name, name }) =>
        plainWorkspaceName({ organization: organization_name, owner: owner_name, workspace: name }),
      convert: workspaceObject,
      log,
    });
    this.templates = new KindView<Template, CoderTemplate>({
      collection: collection("templates"),
      plainName: ({ organization_name, name }) =>
        plainTemplateName({ organization: organization_name, template: name }),
      convert: templateObject,
      log,
    });
  }

  /** Says where the backends are. Before, nothing is shown. */
  of(backends: { list(): readonly Backend[] }): void {
    this.#list = () => backends.list();
    this.changed();
  }

  /** Backends of a namespace, or all. */
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
    const list = this.#all = this.#list();
    this.#byNamespace = Map.groupBy(list, ({ namespace }) => namespace);
    const forms = nameForms(list);
    const now = new Map(list.map((backend) => [backend.id, backend]));
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
        if (isFirst) collection.beginAnew();
        else collection.checkpoint();
      },
      addresses: () => {
        if (form() !== undefined) this.#showAll(backend);
      },
    };
  }

  /** Whether a Coder has been out of reach for so long that others may know more than we do. */
  isBlind(kind: RecordKind): boolean {
    const now = this.#wallTime();
    return this.#all.some(({ copy, waiting }) => {
      const { trouble, completeAt } = copy.state(kind);
      return (waiting !== undefined && completeAt !== undefined) ||
        (trouble !== undefined && now - trouble.since > BLIND_MS);
    });
  }

  /** What a reader should know of the Coders of a namespace, or of all: one text each, without addresses. */
  warnings(kind: RecordKind, namespace?: string): string[] {
    return this.backends(namespace).flatMap(({ id, copy, waiting }) => {
      const { trouble, completeAt } = copy.state(kind);
      if (waiting === undefined && trouble === undefined) return [];
      const why = waiting === undefined ? "cannot be reached" : "is not ready";
      const what = completeAt === undefined
        ? `nothing is known of its ${kind} yet`
        : `its ${kind} are shown as of ${new Date(completeAt).toISOString().slice(0, 19)}Z`;
      return [`Coder of ${id} ${why}: ${what}`];
    });
  }

  #showAll(backend: Backend): void {
    const form = this.formOf(backend);
    for (const record of backend.copy.workspaces()) this.workspaces.told(backend, record, form);
    for (const record of backend.copy.templates()) this.templates.told(backend, record, form);
  }
}
