// `npm run test:user [-- arguments of vitest]`, as root: the tests of `npm test` once more, as a user without privileges.
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';
import { resultsFolder } from './results-folder.mjs';
import { vitestArguments } from './vitest.mjs';

const id = 60001;
const place = '/media';
const results = resultsFolder();
const [home, temporary] = ['home', 'temporary'].map((name) => join(results, name));
for (const folder of [home, temporary]) mkdirSync(folder);
chownSync(home, id, id);
chmodSync(temporary, 0o1777);

// The project, and the folder for temporary files, may lie below folders that only root may enter, so they are shown at another
// place; nothing is written to the project. What has been bound keeps its own file system.
const show = `
  place=$1 results=$2; shift 2
  mount -t tmpfs -o mode=755 estiba "$place"
  mkdir "$place/project" "$place/results"
  mount --bind . "$place/project"
  mount -o remount,bind,ro "$place/project"
  mount --bind "$results" "$place/results"
  cd "$place/project"
  exec "$@"`;
const asUser = ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--inh-caps=-all', '--'];
const shown = join(place, 'results');
const tests = vitestArguments('user', ['anywhere', 'kernel'], process.argv.slice(2), shown);
await run('unshare', ['--mount', 'sh', '-euc', show, 'sh', place, results, ...asUser, process.execPath, ...tests], {
  cwd: process.cwd(),
  env: {
    ...process.env,
    HOME: join(shown, 'home'),
    TMPDIR: join(shown, 'temporary'),
    USER: 'estiba',
    XDG_RUNTIME_DIR: undefined,
  },
});
