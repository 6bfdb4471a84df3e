/** Every command of the how-tos works: each page on real parts, from top to bottom. A quarter of the pages. */
import { pagesOf, share, testPages } from "../runner/test_pages.ts";

testPages(share(pagesOf("docs/how-to"), 4, 4));
