// node validate.mjs DIRECTORY < document: prints what AsyncAPI's own parser has to say, as a JSON list.
// DIRECTORY is where the locked packages are installed.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.argv[2]}/`);
const { Parser } = require("@asyncapi/parser");
const { diagnostics } = await new Parser().parse(await text(process.stdin));
process.stdout.write(JSON.stringify(diagnostics));
