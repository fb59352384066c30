// Serve the images of a directory, and take new ones, until told to stop.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { ImageLayout } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';

const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: './images' },
    port: { type: 'string', default: '5000' },
    // Without a user, everybody who reaches the port may do everything: it is that of this machine alone.
    user: { type: 'string' },
  },
});

const [, username, password = ''] = /^([^:]+):?(.*)$/s.exec(values.user ?? '') ?? [];
const storage = await ImageLayout.open(values.directory);
await using registry = await Registry.start({
  storage,
  port: Number(values.port),
  deletes: true,
  ...(username !== undefined && { access: { username, password, anonymousPull: true } }),
});

console.log(`serving ${storage.directory} at ${registry.host}`);
for await (const { name } of storage.images()) {
  // A layout may have other names too, which no client can ask a registry for.
  if (/^[a-z0-9._/-]+:[\w.-]+$/.test(name)) console.log(`  podman pull --tls-verify=false ${registry.host}/${name}`);
}

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
console.log(`stopped after ${registry.requests.length} requests`);
