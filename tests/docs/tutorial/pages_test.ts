/** Every command of the tutorial works: each page on real parts, from top to bottom. */
import { pagesOf, testPages } from "../runner/test_pages.ts";

testPages(pagesOf("docs/tutorial"));
