import type { Descriptor, Digest, ImageIndex, ImageManifest } from '@estiba/image-spec';
import { isImageIndex } from '@estiba/image-spec';

const most = 20_000;
const mostEach = 4;

/** In which repositories a blob was seen: a registry can mount it from there, and nobody has to send it. */
export class Whereabouts {
  /** By registry and digest, the one seen last at the end. */
  readonly #repositories = new Map<string, string[]>();

  saw(registry: string, repository: string, { digest }: Pick<Descriptor, 'digest'>): void {
    const key = `${registry} ${digest}`;
    const others = this.#repositories.get(key)?.filter((other) => other !== repository) ?? [];
    this.#repositories.delete(key);
    this.#repositories.set(key, [repository, ...others].slice(0, mostEach));
    if (this.#repositories.size <= most) return;
    for (const oldest of this.#repositories.keys()) {
      this.#repositories.delete(oldest);
      break;
    }
  }

  /** A repository that has a manifest has what the manifest names. */
  sawManifest(registry: string, repository: string, document: ImageManifest | ImageIndex): void {
    if (isImageIndex(document)) return;
    for (const blob of [document.config, ...document.layers]) this.saw(registry, repository, blob);
  }

  /** The latest first. */
  of(registry: string, digest: Digest): readonly string[] {
    return this.#repositories.get(`${registry} ${digest}`) ?? [];
  }
}
