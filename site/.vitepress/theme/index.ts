/** VitePress' own theme, with diagrams. */
import DefaultTheme from "vitepress/theme-without-fonts";
import type { Theme } from "vitepress";
import Mermaid from "./Mermaid.vue";
import PageList from "./PageList.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => void app.component("Mermaid", Mermaid).component("PageList", PageList),
} satisfies Theme;
