import type { ImageConfig } from '@estiba/image-spec';
import { describe, expect, it } from 'vitest';
import { processOf } from '../src/index.ts';

const image = (config: ImageConfig['config']): ImageConfig => ({
  architecture: 'amd64',
  os: 'linux',
  config,
  rootfs: { type: 'layers', diff_ids: [] },
});

describe('processOf', () => {
  it('puts the entrypoint in front of the command', () => {
    const process = processOf(['--help'], { image: image({ Entrypoint: ['/bin/tool', '-v'], Cmd: ['serve'] }) });
    expect(process.args).toEqual(['/bin/tool', '-v', '--help']);
  });

  it('runs entrypoint and cmd when no command is given', () => {
    expect(processOf([], { image: image({ Entrypoint: ['/bin/tool'], Cmd: ['serve'] }) }).args).toEqual([
      '/bin/tool',
      'serve',
    ]);
  });

  it('forgets the cmd of the image when the caller brings an entrypoint', () => {
    const process = processOf([], { image: image({ Entrypoint: ['/bin/tool'], Cmd: ['serve'] }), entrypoint: ['sh'] });
    expect(process.args).toEqual(['sh']);
  });

  it('takes null for absent, as Docker writes it', () => {
    expect(processOf([], { image: image({ Entrypoint: null, Cmd: ['sh'], Env: null }) }).args).toEqual(['sh']);
  });

  it('refuses an image without a command', () => {
    expect(() => processOf([], { image: image({}) })).toThrow(expect.objectContaining({ code: 'COMMAND_MISSING' }));
  });

  it('lets the caller add to and replace the environment of the image', () => {
    const { env } = processOf(['true'], {
      image: image({ Env: ['A=1=1', 'B=2'] }),
      env: { B: '3', C: '4' },
      hostname: 'box',
    });
    expect(env).toMatchObject({ A: '1=1', B: '3', C: '4', HOSTNAME: 'box' });
    expect(env.PATH).toContain('/usr/bin');
  });

  it('works in the directory of the image unless told otherwise', () => {
    expect(processOf(['true'], { image: image({ WorkingDir: '/srv' }) }).cwd).toBe('/srv');
    expect(processOf(['true'], { image: image({ WorkingDir: '' }) }).cwd).toBe('/');
    expect(processOf(['true'], { image: image({ WorkingDir: '/srv' }), cwd: '/tmp' }).cwd).toBe('/tmp');
  });

  it('refuses a relative working directory', () => {
    expect(() => processOf(['true'], { cwd: 'tmp' })).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }));
  });
});
