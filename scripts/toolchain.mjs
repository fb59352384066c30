// The Node and the pnpm that the project is developed with, and the Nodes it is tried on, fetched once as npm packages. They
// lie where every user may execute them, because tests and examples also run as ordinary users and inside user namespaces.
import { delimiter, join } from 'node:path';
import { cacheDirectory, keepFolder } from './kept-folder.mjs';
import { quietly } from './processes.mjs';

const versions = { node: '24.21.0', pnpm: '12.21.0' };

/** What the packages are tried on besides: the oldest Node they promise with Node 20's npm, and the newest there is. */
const others = { oldest: { node: '22.18.0', npm: '10.8.2' }, newest: { node: '26.10.0' } };

/** Where `node` and `pnpm` are, and the environment in which they come first. */
export async function prepareToolchain() {
  const { directory, node } = await prepare('toolchain', versions);
  const bin = join(directory, 'node_modules/.bin');
  return { node, pnpm: join(bin, 'pnpm'), env: environment(bin, node) };
}

/** By version, oldest first: each Node that the packages are tried on, and the old npm as a script for Node. */
export async function prepareNodes() {
  const oldest = await prepare('oldest', others.oldest);
  const { node } = await prepareToolchain();
  const newest = await prepare('newest', others.newest);
  return {
    nodes: { [others.oldest.node]: oldest.node, [versions.node]: node, [others.newest.node]: newest.node },
    oldNpm: join(oldest.directory, 'node_modules/npm/bin/npm-cli.js'),
  };
}

/** A folder with these versions, and the path of the `node` in it. */
async function prepare(name, wanted) {
  // Others must be able to read what is made from here on.
  process.umask(0o022);
  const suffix = Object.entries(wanted).map(([tool, version]) => `${tool}${version}`);
  const directory = join(cacheDirectory(), [name, ...suffix, process.arch].join('-'));
  await keepFolder(directory, (temporary) => fetchTools(temporary, { wanted, directory }));
  return { directory, node: join(directory, `node_modules/node-linux-${process.arch}/bin/node`) };
}

async function fetchTools(temporary, { wanted, directory }) {
  const tools = Object.entries(wanted);
  console.error(`estiba: fetching ${tools.map((tool) => tool.join(' ')).join(' and ')} into ${directory}`);
  const packages = tools.map(([tool, version]) => {
    const name = tool === 'node' ? `node-linux-${process.arch}` : tool;
    return `${name}@${version}`;
  });
  const options = [
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--fetch-retry-mintimeout=1000',
    '--prefix',
    temporary,
  ];
  await quietly(`npm install of ${packages.join(' and ')}`, 'npm', ['install', ...options, ...packages], {
    cwd: temporary,
    env: process.env,
  });
}

function environment(bin, node) {
  const env = { ...process.env, ESTIBA_NODE: node, PATH: `${bin}${delimiter}${process.env.PATH ?? '/usr/bin:/bin'}` };
  // Set by `npm run` for npm itself; pnpm would take them for its own settings.
  for (const name of [
    'npm_config_prefix',
    'npm_config_local_prefix',
    'npm_config_global_prefix',
    'npm_config_user_agent',
  ]) {
    delete env[name];
  }
  return env;
}
