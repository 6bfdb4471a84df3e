/** Prompts with their arguments filled in. */
import { ToolError } from "../errors.ts";
import type { PromptShelf } from "../surface.ts";
import { type ArgumentKind, type Prompt, type PromptArgument, promptNamed, PROMPTS } from "./prompts.ts";

/** Names stand in the midst of what a model is told to do: nothing else may pass for one. */
const FORMS: Readonly<Record<ArgumentKind, { readonly form: RegExp; readonly is: string }>> = {
  namespace: { form: /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, is: "a namespace" },
  workspace: {
    form: /^(?=.{1,253}$)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+){2,3}$/,
    is: "<organization>.<owner>.<workspace>",
  },
  template: { form: /^(?=.{1,253}$)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+){1,2}$/, is: "<organization>.<template>" },
  controlPlane: { form: /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/, is: "the name of a control plane" },
  days: { form: /^[1-9]\d{0,3}$/, is: "a number of days" },
  words: { form: /^[^\n\r\p{Cc}]{0,1000}$/u, is: "one line of at most 1000 characters" },
};

/** Makes it. */
export function createPromptShelf(): PromptShelf {
  return {
    prompts: PROMPTS.map(({ name, title, description, arguments: args }) => ({
      name,
      title,
      description,
      arguments: args.map((one) => ({
        name: one.name,
        description: one.description,
        required: one.standard === undefined,
      })),
    })),
    get(name, args) {
      return Promise.try(() => {
        const prompt = promptNamed(name);
        if (prompt === undefined) {
          const all = PROMPTS.map(({ name }) => name).join(", ");
          throw new ToolError("invalid", `there is no prompt ${JSON.stringify(name)}; there are ${all}`);
        }
        return { description: prompt.description, text: prompt.text(checked(prompt, args)) };
      });
    },
  };
}

function checked(
  { name, arguments: known }: Prompt,
  args: Readonly<Record<string, string>>,
): Record<string, string> {
  const unknown = Object.keys(args).filter((given) => !known.some((one) => one.name === given));
  if (unknown.length > 0) {
    throw new ToolError("invalid", `the prompt ${name} has no argument ${JSON.stringify(unknown[0])}`);
  }
  return Object.fromEntries(known.map((one) => [one.name, valueOf(one, args[one.name])]));
}

function valueOf({ name, kind, standard }: PromptArgument, given: string | undefined): string {
  const value = given === undefined || given === "" ? standard : given;
  if (value === undefined) throw new ToolError("invalid", `${name} is required`);
  const { form, is } = FORMS[kind];
  if (form.test(value)) return value;
  throw new ToolError("invalid", `${name}: ${JSON.stringify(value.slice(0, 100))} is not ${is}`);
}
