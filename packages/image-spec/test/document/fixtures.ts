import { digestOf } from '../../src/digest.ts';
import { mediaTypes } from '../../src/media-types.ts';

export const config = { mediaType: mediaTypes.config, digest: digestOf('config'), size: 6 };
export const layer = { mediaType: mediaTypes.layerGzip, digest: digestOf('layer'), size: 5 };
export const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };

export const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.index,
  manifests: [
    { ...config, mediaType: mediaTypes.manifest, platform: { os: 'linux', architecture: 'amd64' } },
    { ...layer, mediaType: mediaTypes.manifest, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
  ],
  annotations: { 'org.opencontainers.image.created': '2024-02-29T12:00:00.5+01:00' },
};

export const imageConfig = {
  created: '2015-10-31T22:22:56.015925234Z',
  author: 'Alyssa P. Hacker <alyspdev@example.com>',
  architecture: 'amd64',
  os: 'linux',
  config: {
    User: '1:1',
    ExposedPorts: { '8080/tcp': {} },
    Env: ['PATH=/usr/sbin:/usr/bin', 'EMPTY='],
    Entrypoint: ['/bin/sh'],
    Cmd: ['--config', '/etc/my-app.d/default.cfg'],
    Volumes: { '/var/log/my-app-logs': {} },
    WorkingDir: '/home/alice',
    Labels: { 'com.example.project.git.commit': '45a939b2999782a3f005621a8d0f29aa387e1d6b' },
    StopSignal: 'SIGKILL',
  },
  rootfs: { type: 'layers', diff_ids: [digestOf('a'), digestOf('b')] },
  history: [
    { created: '2015-10-31T22:22:54.690851953Z', created_by: '/bin/sh -c #(nop) ADD file:a in /' },
    { created: '2015-10-31T22:22:55.613815829Z', created_by: '/bin/sh -c #(nop) CMD ["sh"]', empty_layer: true },
    { created: '2015-10-31T22:22:55Z', created_by: 'b' },
  ],
};

/** What Docker 1.12 wrote, with the names it used and the nulls. */
export const dockerConfig = {
  architecture: 'amd64',
  config: {
    Hostname: '8dfe43d80430',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: ['PATH=/usr/sbin:/usr/bin'],
    Cmd: null,
    Image: 'sha256:6986ae504bbf843512d680cc959484452034965db15f75ee8bdd1b107f61500b',
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: {},
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 30_000_000_000, Retries: 3 },
  },
  container: '6249cd2c4b1d6b1bf05903364cbcb95781508994d6407c1564d494e748ea1b41',
  container_config: { Hostname: '8dfe43d80430', Cmd: ['/bin/sh', '-c', '#(nop) ADD'], Labels: null },
  created: '2016-06-10T18:44:31.784795904Z',
  docker_version: '1.10.3',
  history: [{ created: '2016-06-10T18:44:31.784795904Z', created_by: '/bin/sh -c #(nop) ADD' }],
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digestOf('x')] },
};

export const dockerManifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: { ...config, mediaType: mediaTypes.dockerConfig },
  layers: [{ ...layer, mediaType: mediaTypes.dockerLayerGzip }],
};

export const dockerIndex = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerIndex,
  manifests: [
    {
      ...config,
      mediaType: mediaTypes.dockerManifest,
      platform: { os: 'linux', architecture: 'amd64', features: ['sse4'] },
    },
  ],
};

/** By what `mediaTypes` calls them: a good document of each kind. */
export const good = {
  descriptor: { ...layer, urls: ['https://example.com/foo'], annotations: { a: 'b' } },
  layoutHeader: { imageLayoutVersion: '1.0.0' },
  index,
  manifest,
  config: imageConfig,
  dockerIndex,
  dockerManifest,
  dockerConfig,
};
