// FEEL expressions on feelin: a line of JSON with microseconds of processor time and the value of each expression.
//
//     node feelin.mjs FOLDER TASK      FOLDER has node_modules, TASK is a file with expressions and a context
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, file] = process.argv.slice(2);
const { evaluate, parseExpression } = await import(
  pathToFileURL(createRequire(`${folder}/package.json`).resolve('feelin'))
);
const { expressions, context, rounds, least } = JSON.parse(readFileSync(file, 'utf8'));

const used = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

function micros(run) {
  for (let i = 0; i < 200; i++) run();
  let start = used();
  for (let i = 0; i < 50; i++) run();
  const repeats = Math.max(20, Math.ceil((least * 1e6) / Math.max((used() - start) / 50, 0.1)));
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    start = used();
    for (let i = 0; i < repeats; i++) run();
    best = Math.min(best, (used() - start) / repeats);
  }
  return best;
}

const shown = value => JSON.parse(JSON.stringify(value ?? null));
const results = expressions.map(text => {
  try {
    const { value } = evaluate(text, context);
    return {
      value: shown(value),
      micros: micros(() => evaluate(text, context)),
      parsing: micros(() => parseExpression(text, context))
    };
  } catch (fault) {
    return { error: String(fault).slice(0, 200) };
  }
});
console.log(JSON.stringify(results));
