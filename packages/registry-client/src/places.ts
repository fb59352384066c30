import { ImageSpecError } from '@estiba/image-spec';
import { endpoint } from './endpoint.ts';
import { RegistryError } from './error.ts';
import type { RegistryEvents } from './events.ts';

/** Somewhere else to pull the images of a registry from. */
export interface Mirror {
  /** Host and port, and what comes before the repository there: `mirror.lan:5000`, `mirror.lan/hub`. */
  readonly location: string;
  /** Only what is asked for by digest: what a tag means is asked of the registry itself. */
  readonly digestsOnly?: boolean;
}

/** In order, by the name of the registry: `{ 'docker.io': ['mirror.lan:5000'] }`. */
export type Mirrors = Readonly<Record<string, readonly (string | Mirror)[]>>;

/** Where a repository is. */
export interface Place {
  /** By what name its credentials are known. */
  readonly registry: string;
  readonly endpoint: URL;
  readonly mirror: boolean;
  /** Before each repository: empty, or `hub/`. */
  readonly prefix: string;
  readonly query: Readonly<Record<string, string>>;
}

export interface PlacesOptions {
  /** Registries without TLS. */
  readonly insecure?: readonly string[] | undefined;
  /** Registries with TLS, on loopback. */
  readonly secure?: readonly string[] | undefined;
  readonly mirrors?: Mirrors | undefined;
  readonly onEvent?: RegistryEvents | undefined;
}

interface Asked {
  readonly registry: string;
  readonly repository?: string | undefined;
  readonly method?: string;
  readonly path: string;
  readonly actions?: readonly string[];
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

/** A mirror that failed, or sent something wrong, is not asked for so many milliseconds: each blob would wait for it again. */
const rest = 60_000;

/** Where to ask for what: at mirrors, which come and go, and at the registry. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #down = new Map<string, number>();
  readonly #known = new Map<string, Place>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  origin({ registry }: Asked): Place {
    return { registry, endpoint: endpoint(registry, this.#options), mirror: false, prefix: '', query: {} };
  }

  /** Those that may be asked, in order: for reading alone. */
  *mirrors(asked: Asked): Iterable<Place> {
    const { registry, repository, method = 'GET', path, actions = ['pull'] } = asked;
    const reads = (method === 'GET' || method === 'HEAD') && actions.every((action) => action === 'pull');
    if (!reads || repository === undefined || !/^(manifests|blobs)\//.test(path)) return;
    for (const entry of this.#options.mirrors?.[registry] ?? []) {
      const { location, digestsOnly = false } = typeof entry === 'string' ? { location: entry } : entry;
      const mirror = this.#mirror(registry, location);
      const resting = (this.#down.get(nameOf(mirror)) ?? 0) > Date.now();
      if (!resting && (!digestsOnly || path.includes(':'))) yield mirror;
    }
  }

  /** Undefined where the mirror does not have it, does not answer, or answers with what is wrong. Rejects with the reason of the signal alone. */
  async attempt<T>(mirror: Place, { registry, signal }: Asked, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RegistryError || error instanceof ImageSpecError)) throw error;
      // That it does not have this does not mean that it has nothing.
      if (error instanceof RegistryError && error.status !== undefined && !error.retryable) {
        this.#tell(mirror, registry, error);
      } else {
        this.distrust(mirror, { registry }, error);
      }
      return undefined;
    }
  }

  /** It is not asked again for a while. */
  distrust(mirror: Place, { registry }: Pick<Asked, 'registry'>, error: RegistryError | ImageSpecError): void {
    this.#down.set(nameOf(mirror), Date.now() + rest);
    this.#tell(mirror, registry, error);
  }

  #tell(mirror: Place, registry: string, error: RegistryError | ImageSpecError): void {
    this.#options.onEvent?.({ type: 'mirror-failed', mirror: mirror.registry, registry, error });
  }

  /** The same each time: whoever collects those that it met has each once. */
  #mirror(registry: string, location: string): Place {
    const known = this.#known.get(`${registry} ${location}`) ?? this.#parse(registry, location);
    this.#known.set(`${registry} ${location}`, known);
    return known;
  }

  #parse(registry: string, location: string): Place {
    const [, host = '', prefix = ''] = /^([^/]+)(?:\/(.+?))?\/?$/.exec(location) ?? [];
    return {
      registry: host,
      endpoint: endpoint(host, this.#options),
      mirror: true,
      prefix: prefix === '' ? '' : `${prefix}/`,
      // For one host that mirrors several. https://github.com/containerd/containerd/blob/main/docs/hosts.md
      query: { ns: registry },
    };
  }
}

function nameOf({ registry, prefix }: Place): string {
  return `${registry}/${prefix}`;
}
