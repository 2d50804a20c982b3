// Makes src/rfield/present/explorer/page.html: style and script inside one page, nothing outside.

import { readFileSync, writeFileSync } from "node:fs";

import { build } from "esbuild";

const TARGET = new URL("../src/rfield/present/explorer/page.html", import.meta.url);

const { outputFiles } = await build({
  entryPoints: ["src/app.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "inline",
  write: false,
});
const style = (
  await build({ entryPoints: ["src/style.css"], minify: true, write: false, charset: "utf8" })
).outputFiles[0].text;
const script = outputFiles[0].text.replaceAll("</script", "<\\/script");
const page = readFileSync("src/page.html", "utf8")
  .replace("/*STYLE*/", () => style.trim())
  .replace("/*SCRIPT*/", () => script.trim());
writeFileSync(TARGET, page);
console.log(`${TARGET.pathname.split("/").at(-1)}: ${page.length} characters`);
