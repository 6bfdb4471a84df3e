/**
 * Whether a Deployment gets the pod template that this version renders, or keeps the one it has. A new version of the
 * operator must not restart anybody's pods by itself: what it renders differently waits for the next change of the spec.
 */
import type { Deployment, PodTemplateSpec } from "../api/kubernetes/types.ts";
import type { DeploymentFacts } from "./deployment_facts.ts";
import { templateDifferences } from "./template_differences.ts";

/** On a Deployment: hash of everything of the resource that shapes the pod template. */
export const INPUTS_ANNOTATION = "coder.com/template-inputs";
/** On a Deployment: the rendering that the pod template comes from; `kept:<hash>` is one that is kept as it was. */
export const RENDERING_ANNOTATION = "coder.com/template-rendering";
/** On a resource: `"true"` asks for the pending changes now. */
export const UPGRADE_NOW_ANNOTATION = "coder.com/upgrade-now";

const KEPT = "kept:";

/** What the decision rests on. */
export interface TemplateInput {
  /** The existing Deployment; undefined where there is none of ours. */
  live: Deployment | undefined;
  facts: DeploymentFacts;
  /** What this version renders for the spec as it is. */
  rendered: PodTemplateSpec;
  /** The hash of what the template is made from. */
  inputs: string;
  /**
   * Annotations of what shapes the template beside {@linkcode inputs}. They count where the Deployment has them: an
   * earlier version did not record them.
   */
  recorded: Readonly<Record<string, string>>;
  /** The number of this version's rendering: it goes up whenever the same inputs give another template. */
  rendering: string;
  /** Another operator had finished with this generation of the resource: its template is up to date with the spec. */
  settled: boolean;
  /** The user asks for pending changes now. */
  upgradeNow: boolean;
}

/** What to apply. */
export type TemplateDecision =
  /** This version's template. `takeBack`: ownership is with the holder and must come back first. */
  | { keep: false; rendering: string; takeBack: boolean }
  /** No template: the one that is there stays. `setAside`: ownership must go to the holder first. */
  | { keep: true; setAside: boolean; pending: string[] };

/** The value of {@linkcode RENDERING_ANNOTATION} for a template that is kept. */
export function keptRendering(hash: string): string {
  return `${KEPT}${hash}`;
}

/** See the file's head. */
export function decideTemplate(input: TemplateInput): TemplateDecision {
  const { live, facts, rendered, rendering, upgradeNow } = input;
  const render = { keep: false, rendering, takeBack: facts.keptTemplate !== undefined } as const;
  const template = live?.spec?.template;
  if (live === undefined || template === undefined || upgradeNow || !mayKeep(live, input)) return render;
  const pending = templateDifferences(template, rendered);
  if (pending.length === 0) return render;
  return { keep: true, setAside: facts.keptTemplate === undefined, pending };
}

function mayKeep(live: Deployment, input: TemplateInput): boolean {
  const { facts, inputs, recorded, rendering, settled } = input;
  const annotations = live.metadata.annotations ?? {};
  for (const [name, value] of Object.entries(recorded)) {
    if (annotations[name] !== undefined && annotations[name] !== value) return false;
  }
  const from = annotations[INPUTS_ANNOTATION];
  if (from === undefined) return settled;
  if (from !== inputs) return false;
  const written = annotations[RENDERING_ANNOTATION] ?? "";
  if (!written.startsWith(KEPT)) return written !== rendering;
  // Somebody changed the kept template by hand: there is nothing left to keep, and changes by hand are put back.
  return facts.keptTemplate === undefined || keptRendering(facts.keptTemplate) === written;
}
