import type { Access } from './access.ts';
import type { Catalog } from './catalog.ts';
import type { Names } from './layout-names.ts';
import type { Storage } from './storage.ts';
import type { Uploads } from './uploads.ts';

/** What a registry may do without, to see what clients make of that. */
export type RegistryFeature = 'referrers' | 'mount' | 'single-post' | 'chunks' | 'tag-parameters' | 'ranges' | 'oauth';

/** What a registry takes and gives. */
export interface Rules {
  readonly deletes: boolean;
  readonly lenient: boolean;
  readonly maxManifestBytes: number;
  readonly maxBlobBytes: number;
  readonly minChunkBytes: number;
  readonly pageSize: number;
  readonly lacks: ReadonlySet<RegistryFeature>;
}

/** What the routes of a registry work on. */
export interface Contents {
  readonly catalog: Catalog;
  readonly storage: Storage;
  readonly names: Names;
  readonly uploads: Uploads;
  readonly access: Access | undefined;
  readonly rules: Rules;
}
