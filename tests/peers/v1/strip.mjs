// Prints a TypeScript file as JavaScript, types taken away and nothing else changed.
import { readFileSync } from "node:fs";
import ts from "typescript";

const source = readFileSync(process.argv[2], "utf8");
const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
process.stdout.write(ts.transpileModule(source, { compilerOptions: options }).outputText);
