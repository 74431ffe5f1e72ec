// SPDX-License-Identifier: MIT
// typed.js FILE... - each object of the manifests as a literal of its type: the compiler tells the fields that the type does not
// know. What the schema says besides is told here; it ends with 1 then.
const fs = require("fs");
const yaml = require("js-yaml");

let n = 0;
let bad = 0;

function complain(file, object, why) {
        console.error(`${file}: ${object.kind} ${object.metadata?.name}: ${why}`);
        bad++;
}

for (const file of process.argv.slice(2))
        for (const object of yaml.loadAll(fs.readFileSync(file, "utf8")).filter(Boolean)) {
                const module = `kubernetes-models/${object.apiVersion}`;
                const Model = require(module)[object.kind];

                if (!Model) {
                        complain(file, object, "there is no such kind");
                        continue;
                }
                try {
                        new Model(object).validate();
                } catch (error) {
                        complain(file, object, error.message);
                }
                console.log(`import type {I${object.kind} as Type${n}} from "${module}";`);
                console.log(`export const object${n}: Type${n} = ${JSON.stringify(object)};`);
                n++;
        }
process.exit(bad === 0 && n > 0 ? 0 : 1);
