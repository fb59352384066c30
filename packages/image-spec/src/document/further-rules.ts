import { annotationKeys } from '../annotations.ts';
import { emptyDescriptor } from '../artifact.ts';
import { architectures, systems } from '../go-platforms.ts';
import { isTime } from '../image-config.ts';
import { describeMediaType, mediaTypes } from '../media-types.ts';
import type { DocumentKind } from './kinds.ts';
import type { Finding } from './problem.ts';
import { emptyContent, platforms, sectionOf } from './sections.ts';
import { findUnsupportedDigests } from './unsupported-digests.ts';

export interface FurtherFindings {
  readonly errors: Finding[];
  readonly warnings: Finding[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the specification asks for and no schema says. It looks at documents that may be wrong in other ways, so that all
 * problems are found at once, and therefore believes nothing about them.
 */
export function findFurther(kind: DocumentKind, document: Fields): FurtherFindings {
  const found: FurtherFindings = { errors: [], warnings: [] };
  const add = (where: keyof FurtherFindings, path: Finding['path'], message: string, section = sectionOf(kind, path)) =>
    found[where].push({ code: 'DOCUMENT_INVALID', path, message, section });
  if (kind === 'manifest') checkManifest(document, add);
  if (kind === 'manifest' || kind === 'dockerManifest') checkTypes(document, add);
  if (kind === 'index' || kind === 'dockerIndex') checkEntries(document, add, kind === 'dockerIndex');
  if ((kind === 'manifest' || kind === 'index') && document.mediaType === undefined) {
    add('warnings', [], 'it has no media type of its own, which it should have');
  }
  if (kind === 'config' || kind === 'dockerConfig') {
    checkPlatform(document, [], add);
    checkEnvironment(document, add);
  }
  checkAnnotations(document, add);
  found.warnings.push(...findUnsupportedDigests(kind, document));
  return found;
}

type Add = (where: keyof FurtherFindings, path: Finding['path'], message: string, section?: Finding['section']) => void;

function checkManifest(document: Fields, add: Add): void {
  const config = fieldsOf(document.config);
  if (config.mediaType === mediaTypes.empty && document.artifactType === undefined) {
    add('errors', ['artifactType'], 'it has to be set where the config is empty');
  }
  if (Array.isArray(document.layers) && document.layers.length === 0) {
    add('warnings', ['layers'], 'there are none, and there should be one; the empty descriptor will do', emptyContent);
  }
  const described: [unknown, Finding['path']][] = [
    [document.config, ['config']],
    ...listOf(document.layers).map((layer, index): [unknown, Finding['path']] => [layer, ['layers', index]]),
  ];
  for (const [descriptor, path] of described) {
    const { mediaType, digest, size } = fieldsOf(descriptor);
    if (mediaType !== mediaTypes.empty || (digest === emptyDescriptor.digest && size === 2)) continue;
    // In sha512 it has another digest, of the same two bytes.
    if (typeof digest === 'string' && digest.startsWith('sha512:') && size === 2) continue;
    add('warnings', path, 'it is called empty and is not the two bytes {}', emptyContent);
  }
}

/** Of artifacts everything may have any type. */
function checkTypes(document: Fields, add: Add): void {
  const type = fieldsOf(document.config).mediaType;
  if (typeof type !== 'string' || document.artifactType !== undefined) return;
  const { kind } = describeMediaType(type);
  if (kind !== 'config' && kind !== 'empty')
    add('warnings', ['config', 'mediaType'], `the config is ${type}, not of an image`);
  if (kind !== 'config') return;
  for (const [index, layer] of listOf(document.layers).entries()) {
    const { mediaType } = fieldsOf(layer);
    if (typeof mediaType !== 'string' || describeMediaType(mediaType).kind === 'layer') continue;
    add('warnings', ['layers', index, 'mediaType'], `${mediaType} is not known for a layer`);
  }
}

function checkEntries(document: Fields, add: Add, docker: boolean): void {
  for (const [index, entry] of listOf(document.manifests).entries()) {
    const { mediaType, platform } = fieldsOf(entry);
    if (typeof mediaType === 'string' && !['manifest', 'index'].includes(describeMediaType(mediaType).kind)) {
      add('warnings', ['manifests', index, 'mediaType'], `${mediaType} is not known for a manifest`);
    }
    if (platform !== undefined) checkPlatform(fieldsOf(platform), ['manifests', index, 'platform'], add);
    else if (docker) add('warnings', ['manifests', index], 'it names no platform, as every entry of a list has to');
  }
}

function checkPlatform({ os, architecture }: Fields, path: Finding['path'], add: Add): void {
  // Attestations are for no platform: https://docs.docker.com/build/metadata/attestations/attestation-storage/
  if (typeof os === 'string' && !systems.has(os) && os !== 'unknown') {
    add(
      'warnings',
      [...path, 'os'],
      `${JSON.stringify(os.slice(0, 100))} is no operating system that Go knows`,
      platforms,
    );
  }
  if (typeof architecture === 'string' && !architectures.has(architecture) && architecture !== 'unknown') {
    const name = JSON.stringify(architecture.slice(0, 100));
    add('warnings', [...path, 'architecture'], `${name} is no architecture that Go knows`, platforms);
  }
}

/** The official validator refuses a value of several lines. Real images have them, and the kernel does not mind. */
function checkEnvironment(document: Fields, add: Add): void {
  for (const [index, entry] of listOf(fieldsOf(document.config).Env).entries()) {
    if (typeof entry === 'string' && entry.includes('\n')) {
      add('warnings', ['config', 'Env', index], 'it has several lines, which some tools refuse');
    }
  }
}

function checkAnnotations(document: Fields, add: Add): void {
  const created = fieldsOf(document.annotations)[annotationKeys.created];
  if (typeof created === 'string' && !isTime(created)) {
    add('warnings', ['annotations', annotationKeys.created], 'a time looks like 2024-02-29T12:00:00Z (RFC 3339)');
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
