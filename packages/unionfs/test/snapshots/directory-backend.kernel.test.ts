import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mounting } from '../mounting.ts';
import { committing } from './suite/committing.ts';
import { damage } from './suite/damage.ts';
import { removing } from './suite/removing.ts';
import { standingOnLayers } from './suite/standing-on-layers.ts';
import { base, openStore, scratchOfStore } from './suite/stores.ts';

guard();

requires({ on: ['host', 'uml'] })('a store of directories', () => {
  committing('directory');
  removing('directory');
  damage('directory');

  it('cannot give the bytes of a layer back', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'directory');
    expect(store.backend).toEqual({ name: 'directory', reason: 'the directory form was asked for' });
    await store.commit('sha256:one', base());
    await expect(store.export('sha256:one')).rejects.toMatchObject({
      code: 'LAYER_MISSING',
      message: expect.stringContaining('keep the compressed layer'),
    });
  });
});

requires({ on: ['host', 'uml'], ...mounting })('a snapshot over directories', () => {
  standingOnLayers('directory');
});
