// What feelin gives for FEEL expressions: `node feelin.mjs FOLDER < expressions.json`, FOLDER has node_modules.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { evaluate } = await import(pathToFileURL(createRequire(`${process.argv[2]}/package.json`).resolve('feelin')));
const { expressions, context } = JSON.parse(readFileSync(0, 'utf8'));
const results = expressions.map(text => {
  try {
    return { value: evaluate(text, context).value ?? null };
  } catch (fault) {
    return { error: String(fault).slice(0, 200) };
  }
});
console.log(JSON.stringify(results));
