/** From a registry into a layout, verified and stored, but not unpacked: one large blob, several at once, and the memory it takes. */
import { join } from 'node:path';
import { ImageLayout, isImageIndex } from '@estiba/image-spec';
import { RegistryClient } from '@estiba/registry-client';
import type { Bench } from '../bench.ts';
import { pullElsewhere } from '../contenders/pulling-node.ts';
import { writeRandomImage } from '../contenders/random-image.ts';
import { type ServedImage, serveLayout } from '../contenders/served-image.ts';
import { intoTarget } from '../contenders/target.ts';
import { pathOf } from '../programs.ts';

const ours = 'pull';
const [curl, skopeo] = ['curl, sha256sum', 'skopeo copy'];

export async function blob(bench: Bench): Promise<void> {
  await oneBlob(bench);
  await fourBlobs(bench);
  await memory(bench);
}

async function oneBlob(bench: Bench): Promise<void> {
  await using image = await serve(bench, 1, 95_000_000);
  const address = await addressOfLayer(image.reference);
  await compare(bench, {
    title: 'a blob of 95 MB',
    note: 'from docker-registry on this machine to memory, with its digest checked; ours fetches the manifest and the configuration, too',
    contenders: [
      { name: ours, run: (target) => pull(target, image.reference) },
      { name: curl, run: (target) => fetchAndSum(target, address, bench) },
    ],
    promise: { by: curl, atMost: 0.6 },
  });
}

async function fourBlobs(bench: Bench): Promise<void> {
  await using image = await serve(bench, 4, 24_000_000);
  await compare(bench, {
    title: 'four layers of 24 MB at once',
    note: 'from docker-registry on this machine to an OCI layout in memory',
    contenders: [
      { name: ours, run: (target) => pull(target, image.reference) },
      { name: skopeo, run: (target) => copy(target, image.reference, bench) },
    ],
    promise: { by: skopeo, atMost: 1 },
  });
}

/** A fresh Node for each: no more for a large image than for a small one. */
async function memory(bench: Bench): Promise<void> {
  for (const megabytes of bench.quick ? [24] : [24, 240]) {
    await using image = await serve(bench, 4, megabytes * 1_000_000);
    const growths: number[] = [];
    for (let run = 0; run < (bench.quick ? 1 : 3); run++) {
      const { growth } = await pullElsewhere(image.reference, bench.folder('pulled'), bench.signal);
      growths.push(growth);
    }
    const text = `a pull of four layers of ${megabytes} MB: resident memory above idle, in MB`;
    bench.claims.push({ text, value: Math.max(...growths) / 1e6, bound: 60 });
  }
}

interface Question {
  readonly title: string;
  readonly note: string;
  readonly contenders: readonly { name: string; run: (target: string) => Promise<number | undefined> }[];
  readonly promise: { readonly by: string; readonly atMost: number };
}

async function compare(bench: Bench, { title, note, contenders, promise }: Question): Promise<void> {
  // What is asked is how fast it is fetched and checked, not how fast a disk is.
  const [place] = bench.places;
  if (place === undefined) throw new TypeError('a bench has at least one place');
  await bench.compare({
    title,
    note,
    ours,
    contenders: contenders.map((contender) => intoTarget(contender, place, bench)),
    rounds: 25,
    warmup: 2,
    promises: [promise],
  });
}

async function serve(bench: Bench, layers: number, bytes: number): Promise<ServedImage> {
  const layout = bench.folder('layout');
  await writeRandomImage(layout, layers, bytes);
  return serveLayout(bench, layout, 'random');
}

async function addressOfLayer(reference: string): Promise<string> {
  using client = new RegistryClient();
  const document = await client.manifest(reference);
  if (isImageIndex(document)) throw new TypeError(`${reference} is an index`);
  return `http://${reference.replace(/\/(.*):latest$/, '/v2/$1')}/blobs/${document.layers[0]?.digest}`;
}

async function pull(target: string, reference: string): Promise<undefined> {
  using client = new RegistryClient();
  await client.pull(reference, { into: await ImageLayout.open(join(target, 'images'), { fsync: false }) });
}

async function fetchAndSum(target: string, address: string, bench: Bench): Promise<number> {
  const file = join(target, 'blob');
  const fetched = await bench.programs.run([pathOf('curl'), '--silent', '--fail', '--output', file, address]);
  return fetched + (await bench.programs.run([pathOf('sha256sum'), file]));
}

function copy(target: string, reference: string, bench: Bench): Promise<number> {
  const command = [pathOf('skopeo'), '--insecure-policy', 'copy', '--quiet', '--src-tls-verify=false'];
  const env = [pathOf('env'), `TMPDIR=${target}`];
  return bench.programs.run([...env, ...command, `docker://${reference}`, `oci:${join(target, 'layout')}:image`]);
}
