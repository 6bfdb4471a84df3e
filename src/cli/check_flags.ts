/** Words and flags of `check`. */
import type { CommandFlag } from "./command_flag.ts";
import { LOOK_FLAGS } from "./look_flags.ts";

export const CHECK_WORDS = ["before", "after"] as const;
export const CHECK_FORMATS = ["text", "json", "yaml"] as const;

export const CHECK_FLAGS: readonly CommandFlag[] = [
  {
    flag: "namespace",
    letter: "n",
    isSwitch: false,
    value: "name",
    help: "Namespace of the installation. Default: coder-system.",
  },
  {
    flag: "overlay",
    isSwitch: false,
    value: "name,...",
    help: "What is, or is to be, installed, as for install.",
  },
  {
    flag: "output",
    letter: "o",
    isSwitch: false,
    value: "format",
    choices: CHECK_FORMATS,
    help: "How it is told: text (default), json or yaml.",
  },
  ...LOOK_FLAGS,
];
