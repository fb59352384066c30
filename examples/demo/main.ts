// From a registry to a running container: `npm run demo`, or `npm run demo -- REGISTRY/NAME:TAG command…`.
// Without arguments an image is made of this machine's own userland and served from this process: no network is needed.
import { demoOfMachine } from './machine-image-demo.ts';
import { demoOfReference } from './reference-demo.ts';
import { Stages } from './stages.ts';
import { Workspace } from './workspace.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Once: whoever presses Ctrl-C twice does not want to wait for the cleaning.
  process.once(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
}

const [reference, ...command] = process.argv.slice(2);
const stages = new Stages();
try {
  await using workspace = await Workspace.create({ signal: interrupted.signal, stages });
  if (reference === undefined) await demoOfMachine(workspace);
  else process.exitCode = await demoOfReference(workspace, reference, command);
} catch (error) {
  stages.failed(error);
  process.exitCode = 1;
}
if (!process.exitCode) console.log('demo: ok');
