import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute } from './execute.ts';

export interface Installer {
  /** With its version. */
  readonly name: string;
  /** What it is started with. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The npm of this machine, the pnpm of the project, and the npm that comes with Node 20. */
export async function installers({
  oldNode,
  oldNpm,
}: {
  oldNode: string;
  oldNpm: string;
}): Promise<[Installer, ...Installer[]]> {
  const env = environment();
  const oldEnv = { ...env, PATH: `${dirname(oldNode)}${delimiter}${env.PATH}` };
  return [
    await named('npm', ['npm'], env),
    await named('pnpm', ['pnpm'], env),
    await named('npm', [oldNode, oldNpm], oldEnv),
  ];
}

/** Make a project that depends on these packages, install it, and put the programs of consumers/ into it. */
export async function install(
  { name, command, env }: Installer,
  project: string,
  names: readonly string[],
  tarballs: Readonly<Record<string, string>>,
): Promise<void> {
  writeProject(project, names, tarballs);
  const options = name.startsWith('pnpm') ? [] : ['--engine-strict', '--prefer-offline', '--no-audit', '--no-fund'];
  const [file = '', ...args] = [...command, 'install', ...options];
  const { status, stdout, stderr } = await execute(file, args, { cwd: project, env, timeout: 120_000 });
  if (status !== 0) throw new Error(`${name} cannot install ${names.join(', ')}: ${status}\n${stdout}${stderr}`);
  cpSync(fileURLToPath(new URL('consumers', import.meta.url)), project, { recursive: true });
}

function writeProject(project: string, names: readonly string[], tarballs: Readonly<Record<string, string>>): void {
  // Nothing of ours is in any registry: what the packages need of each other leads to the tarballs as well.
  const overrides = Object.fromEntries(
    Object.entries(tarballs).map(([name, file]) => [`@estiba/${name}`, `file:${file}`]),
  );
  const dependencies = Object.fromEntries(names.map((name) => [`@estiba/${name}`, `file:${tarballs[name]}`]));
  mkdirSync(project, { recursive: true });
  const manifest = { private: true, type: 'module', dependencies, overrides };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  // pnpm reads its settings here. A store of its own: what is changed in there later harms nobody. Without hoisting a package
  // finds what it declares, and nothing else.
  const settings = { overrides, storeDir: join(dirname(project), 'store'), engineStrict: true, hoist: false };
  writeFileSync(join(project, 'pnpm-workspace.yaml'), JSON.stringify(settings));
}

async function named(tool: string, command: readonly string[], env: NodeJS.ProcessEnv): Promise<Installer> {
  const [file = '', ...args] = [...command, '--version'];
  const { stdout } = await execute(file, args, { env });
  return { name: `${tool} ${stdout.trim()}`, command, env };
}

/** Ours without what npm and pnpm tell the scripts they run; the registry, proxies and certificates of the machine stay. */
function environment(): NodeJS.ProcessEnv {
  const told = /^(npm_(lifecycle|package|command|node|execpath)|npm_config_(.*prefix|user_agent)$|INIT_CWD$|NODE_ENV$)/;
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !told.test(name))), CI: 'true' };
}
