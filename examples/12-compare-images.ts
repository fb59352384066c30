// What changed between two images: configuration, layers and files, without unpacking anything.
import { compareImages, type FileChange, type FileFacts, ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '@estiba/registry-client';

const [before = 'alpine:3.20', after = 'alpine:3.21', directory = './images'] = process.argv.slice(2);
const images = await ImageLayout.open(directory);
const registry = new RegistryClient();
const [old, current] = [await registry.pull(before, { into: images }), await registry.pull(after, { into: images })];

const { config, layers, files } = await compareImages(old, current);
for (const { path, before, after } of config)
  console.log(`${path}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`);
for (const { kind, diffId } of layers) console.log(`layer ${diffId.slice(7, 19)} ${kind}`);
for await (const change of files()) console.log(shown(change));

function shown(change: FileChange): string {
  if (change.kind === 'added') return `A ${change.path} ${described(change.after)}`;
  if (change.kind === 'removed') return `D ${change.path}`;
  const fields = change.fields.map(
    (field) => `${field} ${value(change.before, field)} -> ${value(change.after, field)}`,
  );
  return `M ${change.path} ${fields.join(', ')}`;
}

function described(facts: FileFacts): string {
  const { type, uid, gid, size, link } = facts;
  return [type, value(facts, 'mode'), `${uid}:${gid}`, size ?? link ?? ''].join(' ').trimEnd();
}

function value(facts: FileFacts, field: keyof FileFacts): string {
  if (field === 'mode') return facts.mode.toString(8).padStart(4, '0');
  return field === 'digest' ? (facts.digest?.slice(7, 19) ?? 'none') : JSON.stringify(facts[field] ?? null);
}
