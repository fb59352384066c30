// `npm run test:breaks [-- words of a rule]`: break a rule on purpose, and see a test fail; for each rule in breaks.mjs.
// Under User-Mode Linux, whose writes vanish with it: neither the broken code nor what it does reaches this machine.
import { fileURLToPath } from 'node:url';
import { run } from '../processes.mjs';
import { resultsFolder } from '../results-folder.mjs';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const results = resultsFolder();
const guest = [path('../uml/run'), '--timeout', '1500', '--rw', results, '--'];
await run('bash', [...guest, process.execPath, path('inside.mjs'), results, ...process.argv.slice(2)], {
  cwd: process.cwd(),
  env: process.env,
});
