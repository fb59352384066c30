// `npm run test:user [-- arguments of vitest]`, as root: the tests of `npm test` once more, as a user without privileges.
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { resultsFolder } from './results-folder.mjs';
import { vitestArguments } from './vitest.mjs';

const id = 60001;
const results = resultsFolder();
const [home, project] = ['home', 'project'].map((name) => join(results, name));
for (const folder of [home, project]) mkdirSync(folder);
chownSync(home, id, id);

// The project may lie below a folder that only root may enter, so it is shown at another place, and nothing is written to it.
const show = 'mount --bind . "$1" && mount -o remount,bind,ro "$1" && cd "$1" && shift && exec "$@"';
const asUser = ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--inh-caps=-all', '--'];
const tests = vitestArguments('user', ['anywhere', 'kernel'], process.argv.slice(2), results);
await run('unshare', ['--mount', 'sh', '-c', show, 'sh', project, ...asUser, process.execPath, ...tests], {
  cwd: process.cwd(),
  env: { ...process.env, HOME: home, USER: 'estiba', XDG_RUNTIME_DIR: undefined },
});
